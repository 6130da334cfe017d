"""A request takes effect once: its answer is kept with its `request_id`, in the transaction of its effect (AIP-155)."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

import sqlalchemy as sa
from google.protobuf.message import Message
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

Answer = TypeVar("Answer", bound=Message)


def request_table(metadata: sa.MetaData) -> sa.Table:
    """The table every service with mutating methods has."""
    return sa.Table(
        "requests",
        metadata,
        sa.Column("method", sa.String(100), primary_key=True),
        sa.Column("request_id", sa.String(36), primary_key=True),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
    )


requests = request_table(sa.MetaData())


class RequestIdReusedError(Exception):
    """The id belongs to a request of other content."""

    def __init__(self, request_id: str) -> None:
        super().__init__(f"request_id {request_id} was used before, with other content")
        self.request_id = request_id


async def once(
    connection: AsyncConnection,
    request: Message,
    answer_type: type[Answer],
    effect: Callable[[], Awaitable[Answer]],
) -> Answer:
    """The answer of `effect`, or the one kept from the first time.

    Must run in a transaction that `effect` shares. Raises RequestIdReusedError; what `effect` raises is not kept.
    """
    key = {"method": request.DESCRIPTOR.name, "request_id": request.request_id.lower()}  # type: ignore[attr-defined]
    fingerprint = _fingerprint(request)
    try:
        async with connection.begin_nested():
            await connection.execute(requests.insert(), {**key, "fingerprint": fingerprint, "answer": b""})
    except IntegrityError:
        return await _kept(connection, key, fingerprint, answer_type)
    answer = await effect()
    await connection.execute(_row(requests.update(), key).values(answer=answer.SerializeToString()))
    return answer


def _fingerprint(request: Message) -> str:
    """The same for requests of the same content, whatever their id."""
    content = type(request)()
    content.CopyFrom(request)
    content.ClearField("request_id")
    return hashlib.sha256(content.SerializeToString(deterministic=True)).hexdigest()


async def _kept(
    connection: AsyncConnection, key: dict[str, str], fingerprint: str, answer_type: type[Answer]
) -> Answer:
    query = sa.select(requests.c.fingerprint, requests.c.answer).where(
        requests.c.method == key["method"], requests.c.request_id == key["request_id"]
    )
    row = (await connection.execute(query)).one()
    if row.fingerprint != fingerprint:
        raise RequestIdReusedError(key["request_id"])
    return answer_type.FromString(row.answer)


def _row(statement: sa.Update, key: dict[str, str]) -> sa.Update:
    return statement.where(requests.c.method == key["method"], requests.c.request_id == key["request_id"])
