"""Databases as a service's migrations leave them. Each set of migrations runs once for all tests of a session: a run
takes a process, and copying what it made does not."""

import functools
import tempfile
from pathlib import Path

from services.chassis.migration import migrate
from tests.services.postgresql import PostgreSQL
from tests.services.running import program_of


def migrated_sqlite(name: str, folder: Path) -> str:
    """The URL of a new file of the service `name`."""
    path = folder / f"{name}.db"
    path.write_bytes(_migrated_file(name))
    return f"sqlite:///{path}"


@functools.cache
def _migrated_file(name: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "new.db"
        migrate(f"sqlite:///{path}", program_of(name).migrations)
        return path.read_bytes()


@functools.cache
def postgresql_template(server: PostgreSQL, name: str) -> str:
    """A database of the server that others can be copied from."""
    template = f"template_{name}"
    migrate(server.create(template), program_of(name).migrations)
    return template
