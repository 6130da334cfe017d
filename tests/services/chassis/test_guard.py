"""What callers and the log are told of a bug."""

import io
import json
import logging
from pathlib import Path
from typing import Any

import grpc
import pytest

from services.chassis.errors import DETAILS_KEY
from services.chassis.logs import JsonFormatter
from tests.services.chassis.scripted_catalog import scripted, title

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def logged() -> Any:
    """What the guard logs, as a service prints it."""
    output = io.StringIO()
    handler = logging.StreamHandler(output)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("services.chassis.guard")
    logger.addHandler(handler)
    yield output
    logger.removeHandler(handler)


async def broken(context: Any) -> str:
    raise ZeroDivisionError("the secret of the house")


async def test_a_bug_is_internal_to_callers_and_told_to_the_log_with_its_trace(
    tmp_path: Path, logged: io.StringIO
) -> None:
    async with scripted(broken, tmp_path / "app.sock") as target, grpc.aio.insecure_channel(target) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await title(channel, traceparent=f"00-{TRACE}-b7ad6b7169203331-01")
    assert (refused.value.code(), refused.value.details()) == (grpc.StatusCode.INTERNAL, "internal error")
    said = json.loads(logged.getvalue())
    assert (said["level"], said["message"], said["trace_id"]) == ("ERROR", "a bug: ZeroDivisionError", TRACE)
    assert "the secret of the house" in said["exception"]


async def test_what_a_service_aborts_by_itself_stays_as_it_is(tmp_path: Path, logged: io.StringIO) -> None:
    async def aborting(context: Any) -> str:
        await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "enough")
        raise AssertionError

    async with scripted(aborting, tmp_path / "app.sock") as target, grpc.aio.insecure_channel(target) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await title(channel)
    assert (refused.value.code(), refused.value.details()) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "enough")
    assert DETAILS_KEY not in {key for key, _ in refused.value.trailing_metadata() or ()}
    assert logged.getvalue() == ""


def test_a_line_outside_of_any_call_has_no_trace() -> None:
    record = logging.LogRecord("shop", logging.INFO, __file__, 1, "two %s", ("words",), None)
    said = json.loads(JsonFormatter().format(record))
    assert said["message"] == "two words"
    assert "trace_id" not in said
    assert said["time"].endswith("+00:00")
