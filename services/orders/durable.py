"""Keeps sagas going over crashes, with DBOS. Enters: a saga and what it shall place. Leaves: a saga that has ended, be
it in a later process. Never: knows the saga's steps, opens a port, or reports to anybody.

The workflow's row is the one durable point at which an order begins: its id is the order's, its input what the customer
asked for. There is no second write that a crash could separate from it.

DBOS has a database of its own beside the store of orders: with SQLite a second file, so that the two never wait for
each other's write lock, with PostgreSQL the schema `dbos` of the same database. They need no common transaction, since
a step may run twice and every step is idempotent."""

import asyncio
import contextvars
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import sqlalchemy
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID
from opentelemetry import context as telemetry
from opentelemetry import propagate, trace

from services.orders.domain import Failure, Placement
from services.orders.recorded import failure_from_json, failure_to_json, placement_from_json, placement_to_json
from services.orders.saga import Action, Saga

# Recovery takes up only workflows of its own version. To be raised when the order of the steps changes; an instance of
# the version before then finishes what it began.
WORKFLOW_VERSION = "1"
BUSY_TIMEOUT_MS = 30_000
POLLING_INTERVAL_S = 0.05

tracer = trace.get_tracer(__name__)


class DurableSagas:
    """One per process: DBOS itself is a singleton."""

    def __init__(self, saga: Saga, database_url: str, executor_id: str) -> None:
        """`executor_id` names this instance and stays its own over restarts: after a crash it takes up what it had
        begun, and nobody else does."""
        # With a handler of its own, DBOS would print beside the JSON log.
        logging.getLogger("dbos").addHandler(logging.NullHandler())
        config: DBOSConfig = {
            "name": "orders",
            "system_database_engine": _system_engine(database_url),
            "executor_id": executor_id,
            "application_version": WORKFLOW_VERSION,
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "WARNING",
            "enable_otlp": False,
        }
        self._dbos = DBOS(config=config)
        self._saga = saga
        self._running: set[asyncio.Task[Any]] = set()
        # Recovery never gives an order up: its stock and money would stay held.
        self._workflow = DBOS.workflow(name="place_order", max_recovery_attempts=None)(self._workflow_function())

    def launch(self) -> None:
        """Takes up what an earlier process left. To be called inside the running loop, which then runs the sagas."""
        DBOS.launch()

    async def place(self, placement: Placement) -> None:
        """Starts the order's saga, or joins it if it was started before, and waits for its end. Who stops waiting does
        not stop the saga."""
        carrier: dict[str, str] = {}
        propagate.inject(carrier)
        # An empty context: a saga outlives the call that began it, and so must not end at that call's deadline.
        starting = asyncio.create_task(self._start(placement, carrier), context=contextvars.Context())
        handle = await asyncio.shield(starting)
        await handle.get_result(polling_interval_sec=POLLING_INTERVAL_S)

    async def _start(self, placement: Placement, carrier: dict[str, str]) -> Any:
        with SetWorkflowID(placement.order_id):
            return await DBOS.start_workflow_async(self._workflow, placement_to_json(placement), carrier)

    async def stop(self) -> None:
        """Sagas that have not ended stay recorded as begun, and are taken up at the next launch."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        # DBOS made its pool of threads the loop's own, and ends it now.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())
        await asyncio.to_thread(DBOS.destroy)

    def _workflow_function(self) -> Callable[[dict[str, Any], dict[str, str]], Coroutine[Any, Any, None]]:
        async def place_order(kept: dict[str, Any], carrier: dict[str, str]) -> None:
            task = asyncio.current_task()
            assert task is not None  # noqa: S101 - a coroutine runs in a task
            self._running.add(task)
            task.add_done_callback(self._running.discard)
            # Also a saga taken up after a crash belongs to the trace of the call that began it.
            telemetry.attach(propagate.extract(carrier))
            await self._saga(placement_from_json(kept), _durably)

        return place_order


async def _durably(action: Action, placement: Placement) -> Failure | None:
    async def step() -> dict[str, Any] | None:
        with tracer.start_as_current_span(action.__name__):
            return failure_to_json(await action(placement))

    return failure_from_json(await DBOS.run_step_async({"name": action.__name__}, step))


def _system_engine(database_url: str) -> sqlalchemy.Engine:
    """The engine of DBOS's own database, a synchronous one. For SQLite with write-ahead log and early write locks: with
    SQLite's defaults concurrent sagas fail by `database is locked`, or take four times as long."""
    url = sqlalchemy.make_url(database_url)
    if url.get_backend_name() != "sqlite":
        return sqlalchemy.create_engine(url.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    store = Path(url.database or "")
    engine = sqlalchemy.create_engine(f"sqlite:///{store.with_name(store.stem + '-workflows.db')}")

    @sqlalchemy.event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        connection.isolation_level = "IMMEDIATE"
        connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA foreign_keys=ON")

    return engine
