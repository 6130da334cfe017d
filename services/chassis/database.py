"""The service's own database: SQLite by default, PostgreSQL by URL; the same SQL for both."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

BUSY_TIMEOUT_MS = 30_000
VERSION_TABLE = "alembic_version"
DRIVERS = {"sqlite": ("sqlite+aiosqlite", "sqlite"), "postgresql": ("postgresql+psycopg", "postgresql+psycopg")}


def open_database(url: str) -> AsyncEngine:
    """An engine whose transactions on SQLite take the write lock at once, unless made `reading`."""
    found = sa.make_url(url)
    engine = create_async_engine(found.set(drivername=DRIVERS[found.get_backend_name()][0]))
    if found.get_backend_name() == "sqlite":
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
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", f"busy_timeout={BUSY_TIMEOUT_MS}"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        only_reads = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if only_reads else "BEGIN IMMEDIATE")


def migrate(url: str, migrations: Path) -> None:
    """Brings the schema to the newest of the folder's migrations, whichever replica comes first."""
    found = sa.make_url(url)
    engine = sa.create_engine(found.set(drivername=DRIVERS[found.get_backend_name()][1]), poolclass=sa.NullPool)
    with _alone(found), engine.connect() as connection:
        if _version(connection) != _newest(migrations):
            _upgrade(connection, migrations)
    engine.dispose()


def _newest(migrations: Path) -> str:
    """Migrations are called `0001_what.py`; the number is the revision."""
    return max(path.name for path in migrations.glob("[0-9]*.py")).partition("_")[0]


def _version(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    version = sa.table(VERSION_TABLE, sa.column("version_num"))
    return connection.scalar(sa.select(version.c.version_num))


def _upgrade(connection: sa.Connection, migrations: Path) -> None:
    # Imported here because most starts have nothing to migrate.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("version_locations", str(migrations))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


@contextmanager
def _alone(url: sa.URL) -> Iterator[None]:
    """Keeps replicas of one service apart while they migrate one SQLite file; PostgreSQL migrates before the start."""
    if url.get_backend_name() != "sqlite" or not url.database:
        yield
        return
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    with Path(f"{url.database}.migrating").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
