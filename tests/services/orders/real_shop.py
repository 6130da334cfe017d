"""Catalog, inventory, wallet and shipping as they are, with databases of their own, served in the test's process."""

import importlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import ModuleType

import grpc

from services.chassis.database import open_database
from services.chassis.error_rows import SHARED_ROWS
from services.chassis.guard import Guard
from services.chassis.migration import migrate
from services.chassis.program import Runtime
from services.chassis.settings import settings_from

NewDatabase = Callable[[str], AbstractContextManager[str]]
"""The URL of an empty database for a service."""
NAMES = ("catalog", "inventory", "wallet", "shipping")
NOBODY_DELIVERS_TO = "AQ"
"""Antarctica."""


@asynccontextmanager
async def serving_shop(folder: Path, new_database: NewDatabase) -> AsyncIterator[dict[str, str]]:
    """The gRPC target of each package."""
    async with AsyncExitStack() as stack:
        for name in NAMES:
            program = importlib.import_module(f"services.{name}.__main__")
            url = stack.enter_context(new_database(name))
            await stack.enter_async_context(_serving(program, folder / name, url))
        yield {f"shop.{name}.v1": f"unix:{folder / name}.sock" for name in NAMES}


@asynccontextmanager
async def _serving(program: ModuleType, path: Path, url: str) -> AsyncIterator[None]:
    settings = settings_from({"DATABASE_URL": url}, path.name)
    assert program.__file__
    migrate(settings.database_url, Path(program.__file__).parent / "migrations")
    engine = open_database(settings.database_url)
    guard = Guard({**SHARED_ROWS, **program.ERRORS}, served_by=path.name, version="v1")
    server = grpc.aio.server(interceptors=[guard])
    server.add_insecure_port(f"unix:{path}.sock")
    async with program.serve(Runtime(settings=settings, engine=engine), server):
        await server.start()
        yield
        await server.stop(None)
    await engine.dispose()
