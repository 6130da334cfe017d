"""Every suite of a store runs on both databases the services know."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.services.migrated import migrated_sqlite, postgresql_template
from tests.services.postgresql import PostgreSQL, serving_postgresql


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as parent:
        Path(parent).chmod(0o755)
        with serving_postgresql(Path(parent) / "server") as server:
            yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database of the test's own."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'store.db'}"
    else:
        server: PostgreSQL = request.getfixturevalue("postgresql")
        with server.database() as url:
            yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Gives the URL of a new database of a service, as its migrations leave it."""
    with ExitStack() as stack:

        def new_url(name: str) -> str:
            if request.param == "sqlite":
                return migrated_sqlite(name, tmp_path)
            server: PostgreSQL = request.getfixturevalue("postgresql")
            return stack.enter_context(server.database(postgresql_template(server, name)))

        yield new_url
