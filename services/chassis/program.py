"""Runs a service: migrate, serve, say healthy, and on SIGTERM drain and end. With the argument `migrate`: only that."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import uvloop
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health
from grpc_reflection.v1alpha import reflection
from sqlalchemy.ext.asyncio import AsyncEngine

from services.chassis.database import open_database
from services.chassis.dialling import dial
from services.chassis.error_rows import SHARED_ROWS
from services.chassis.errors import ErrorTable
from services.chassis.guard import Guard
from services.chassis.logs import set_up_logs
from services.chassis.migration import migrate
from services.chassis.settings import Settings, settings_from
from services.chassis.traces import server_tracing, set_up_traces

DRAIN_S = 10.0
ONLY_MIGRATE = "migrate"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """What the chassis gives a service."""

    settings: Settings
    engine: AsyncEngine

    def dial(self, service: str) -> grpc.aio.Channel:
        return dial(self.settings, service)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """`serve` adds the servicers and lasts as long as the service does.

    `api` are the full names of its gRPC services; `described` those that reflection tells of.
    """

    name: str
    api: tuple[str, ...]
    migrations: Path
    errors: ErrorTable
    serve: Callable[[Runtime, grpc.aio.Server], AbstractAsyncContextManager[None]]
    described: tuple[str, ...] = ()


def run(program: Program) -> None:
    """Returns when the service has drained, or when its database is migrated if the program was asked for just that."""
    settings = settings_from(os.environ, program.name)
    set_up_logs(settings.log_level)
    migrate(settings.database_url, program.migrations)
    if sys.argv[1:] == [ONLY_MIGRATE]:
        return
    flush_traces = set_up_traces(settings.traces_endpoint)
    try:
        uvloop.run(_serve(program, settings))
    finally:
        flush_traces()


async def _serve(program: Program, settings: Settings) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with serving(program, settings):
        await stopped.wait()
        log.info("draining")


@asynccontextmanager
async def serving(program: Program, settings: Settings) -> AsyncIterator[None]:
    """The program takes calls while the block lasts; those that have begun are answered before this returns."""
    engine = open_database(settings.database_url)
    guard = Guard({**SHARED_ROWS, **program.errors}, served_by=settings.instance, version=settings.version)
    server = grpc.aio.server(interceptors=[server_tracing(), guard])
    state = health.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(state, server)
    names = (*(program.described or program.api), reflection.SERVICE_NAME)
    reflection.enable_server_reflection(names, server)
    async with program.serve(Runtime(settings=settings, engine=engine), server):
        server.add_insecure_port(settings.listen_address)
        await server.start()
        for name in ("", *program.api):
            await state.set(name, health_pb2.HealthCheckResponse.SERVING)
        log.info("%s serves on %s", settings.instance, settings.listen_address)
        try:
            yield
        finally:
            await state.enter_graceful_shutdown()
            await server.stop(DRAIN_S)
    await engine.dispose()
