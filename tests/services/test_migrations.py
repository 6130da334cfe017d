"""Migrations lead to the tables the stores use, whoever runs them and however often."""

import asyncio
import importlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from services.chassis.database import open_database, reading
from services.chassis.migration import migrate
from tests.services.migrated import migrated_sqlite
from tests.services.running import NAMES, program_of

TABLES = {"orders": "services.orders.tables"}


@pytest.fixture
def migrated_catalog(tmp_path: Path) -> Path:
    return Path(migrated_sqlite("catalog", tmp_path).removeprefix("sqlite:///"))


@pytest.mark.parametrize("name", NAMES)
async def test_migrations_lead_to_the_tables_the_store_uses(name: str, database_url: str) -> None:
    for _ in range(2):
        migrate(database_url, program_of(name).migrations)
    metadata = importlib.import_module(TABLES.get(name, f"services.{name}.store")).metadata
    engine = open_database(database_url)

    def differences(connection: sa.Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_replicas_that_start_together_migrate_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'catalog.db'}"
    migrations = program_of("catalog").migrations
    await asyncio.gather(*(asyncio.to_thread(migrate, url, migrations) for _ in range(3)))
    with sqlite3.connect(tmp_path / "catalog.db") as connection:
        assert connection.execute("SELECT count(*) FROM products").fetchone() == (216,)


async def test_a_database_is_written_ahead_and_waits_for_its_lock(migrated_catalog: Path) -> None:
    engine = open_database(f"sqlite:///{migrated_catalog}")
    async with engine.connect() as connection:
        for setting, value in {"journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 30_000}.items():
            assert await connection.scalar(sa.text(f"PRAGMA {setting}")) == value
    await engine.dispose()


async def test_a_replica_reads_for_the_first_time_while_another_writes(migrated_catalog: Path) -> None:
    engine = open_database(f"sqlite:///{migrated_catalog}")
    with closing(sqlite3.connect(migrated_catalog, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with reading(engine).connect() as connection:
            assert await connection.scalar(sa.text("SELECT count(*) FROM products")) == 216
    await engine.dispose()


async def test_transactions_that_read_first_and_write_then_do_not_lose_updates(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'one.db'}")
    async with engine.begin() as connection:
        await connection.execute(sa.text("CREATE TABLE counter (value INTEGER)"))
        await connection.execute(sa.text("INSERT INTO counter VALUES (0)"))

    async def count_up() -> None:
        async with engine.begin() as connection:
            value = await connection.scalar(sa.text("SELECT value FROM counter"))
            await connection.execute(sa.text("UPDATE counter SET value = :value"), {"value": value + 1})

    await asyncio.gather(*(count_up() for _ in range(10)))
    async with reading(engine).connect() as connection:
        assert await connection.scalar(sa.text("SELECT value FROM counter")) == 10
    await engine.dispose()
