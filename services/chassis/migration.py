"""Brings a database to the newest migration: `python -m services.chassis.migration URL FOLDER`, or `migrate` from code.

A process of its own does the work: Alembic and its templates would stay in the service's memory for good.
"""

import fcntl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

VERSION_TABLE = "alembic_version"
DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}
ADVISORY_LOCK = 50051
"""Any number, the same for all: each service has a database of its own."""


def migrate(url: str, migrations: Path) -> None:
    """Returns when the schema is the newest of the folder's, whichever replica brought it there.

    Raises CalledProcessError when a migration failed; it has said why on standard error.
    """
    with _alone(sa.make_url(url)):
        if not _is_newest(url, migrations):
            subprocess.run([sys.executable, "-m", __name__, url, str(migrations)], check=True)


def _connect(url: str | sa.URL) -> sa.Connection:
    found = sa.make_url(url)
    driver = DRIVERS[found.get_backend_name()]
    return sa.create_engine(found.set(drivername=driver), poolclass=sa.NullPool).connect()


def _is_newest(url: str, migrations: Path) -> bool:
    """Migrations are called `0001_what.py`; the number is the revision."""
    newest = max(path.name for path in migrations.glob("[0-9]*.py")).partition("_")[0]
    with _connect(url) as connection:
        if not sa.inspect(connection).has_table(VERSION_TABLE):
            return False
        version = sa.table(VERSION_TABLE, sa.column("version_num"))
        return connection.scalar(sa.select(version.c.version_num)) == newest


def main(url: str, migrations: str) -> None:
    """The process of its own."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("version_locations", migrations)
    config.set_main_option("path_separator", "os")
    with _connect(url) as connection:
        if connection.dialect.name == "sqlite":
            _write_ahead(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _write_ahead(connection: sa.Connection) -> None:
    """For good, the file keeps it. While nobody else is there: SQLite refuses this at once, without any wait, when
    another replica writes."""
    connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    connection.commit()


@contextmanager
def _alone(url: sa.URL) -> Iterator[None]:
    """Keeps replicas and versions of one service apart while they migrate their common database."""
    if url.get_backend_name() == "postgresql":
        with _connect(url) as connection:
            # Held until the connection ends.
            connection.execute(sa.select(sa.func.pg_advisory_lock(ADVISORY_LOCK)))
            yield
    elif url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        with Path(f"{url.database}.migrating").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    else:
        yield


if __name__ == "__main__":
    main(*sys.argv[1:])
