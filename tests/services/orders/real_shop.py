"""Catalog, inventory, wallet and shipping as they are, with databases of their own, served in the test's process."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path

from services.chassis.migration import migrate
from tests.services.running import program_of, running

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
            url = stack.enter_context(new_database(name))
            migrate(url, program_of(name).migrations)
            await stack.enter_async_context(running(name, folder, url))
        yield {f"shop.{name}.v1": f"unix:{folder / name}.sock" for name in NAMES}
