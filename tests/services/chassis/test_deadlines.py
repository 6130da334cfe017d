"""A caller's deadline ends what is done for it, and bounds what others are asked meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from services.chassis.dialling import dial
from services.chassis.settings import settings_from
from tests.services.chassis.scripted_catalog import scripted, title

NONE = "no deadline"
ROUNDED = 1.02
"""gRPC rounds what it says of a timeout up, by a hundredth at most."""


async def tell_remaining(context: Any) -> str:
    remaining = context.time_remaining()
    return NONE if remaining is None else str(remaining)


@asynccontextmanager
async def two_services(folder: Path, wanted_s: float | None) -> AsyncIterator[grpc.aio.Channel]:
    """One that asks another, giving it `wanted_s`; the other tells how long it has."""
    async with scripted(tell_remaining, folder / "inner.sock") as inner:
        outward = dial(settings_from({"MESH_OUTBOUND": inner}, "outer"), "catalog")

        async def ask_on(context: Any) -> str:
            return await title(outward, wanted_s)

        async with scripted(ask_on, folder / "outer.sock") as outer, grpc.aio.insecure_channel(outer) as channel:
            yield channel
        await outward.close()


@pytest.mark.parametrize("wanted_s", [None, 500.0])
async def test_a_call_made_for_a_caller_has_what_is_left_of_its_deadline(
    tmp_path: Path, wanted_s: float | None
) -> None:
    async with two_services(tmp_path, wanted_s) as channel:
        assert 0 < float(await title(channel, 100)) <= 100 * ROUNDED


async def test_a_shorter_wish_stays(tmp_path: Path) -> None:
    async with two_services(tmp_path, 50) as channel:
        assert 0 < float(await title(channel, 100)) <= 50 * ROUNDED


async def test_without_a_deadline_nobody_is_bound(tmp_path: Path) -> None:
    async with two_services(tmp_path, None) as channel:
        assert await title(channel) == NONE


async def test_work_whose_caller_has_stopped_waiting_is_ended(tmp_path: Path) -> None:
    ended = asyncio.Event()

    async def endless(context: Any) -> str:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return ""

    async with scripted(endless, tmp_path / "app.sock") as target, grpc.aio.insecure_channel(target) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as late:
            await title(channel, 0.2)
        assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        await asyncio.wait_for(ended.wait(), 10)
