"""The engine every store works with."""

from services.chassis.database import open_database
from tests.services.postgresql import PostgreSQL


async def test_a_call_after_the_server_went_down_and_came_back_is_none_the_wiser(postgresql: PostgreSQL) -> None:
    with postgresql.database() as url:
        engine = open_database(url)
        for _ in range(2):
            async with engine.begin() as connection:
                assert (await connection.exec_driver_sql("SELECT 1")).scalar_one() == 1
            postgresql.cut_connections(url)
        await engine.dispose()
