"""The service's own database: SQLite by default, PostgreSQL by URL; the same SQL for both."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

BUSY_TIMEOUT_MS = 30_000
DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg"}


def open_database(url: str) -> AsyncEngine:
    """An engine whose transactions on SQLite take the write lock at once, unless made `reading`."""
    found = sa.make_url(url)
    backend = found.get_backend_name()
    # A server that went away took its connections along: each is tried before it is used.
    engine = create_async_engine(found.set(drivername=DRIVERS[backend]), pool_pre_ping=backend == "postgresql")
    if backend == "sqlite":
        _prepare_sqlite(engine.sync_engine)
    return engine


def reading(engine: AsyncEngine) -> AsyncEngine:
    """The same database for transactions that only read."""
    return engine.execution_options(reading=True)


def _prepare_sqlite(engine: sa.Engine) -> None:
    @sa.event.listens_for(engine, "connect")
    def connect(connection: Any, _: object) -> None:
        # The driver would begin transactions by itself, and too late: without the write lock a transaction that
        # reads first fails when it comes to write.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", "synchronous=NORMAL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        only_reads = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if only_reads else "BEGIN IMMEDIATE")
