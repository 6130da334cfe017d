"""A service as it is, between a real database and a real socket, in the test's process."""

import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from services.chassis.errors import DETAILS_KEY
from services.chassis.program import Program, serving
from services.chassis.settings import Settings, settings_from

NAMES = ("catalog", "inventory", "wallet", "shipping", "orders")
DETAILS = (
    error_details_pb2.BadRequest,
    error_details_pb2.ErrorInfo,
    error_details_pb2.PreconditionFailure,
    error_details_pb2.ResourceInfo,
)
CALL_TIMEOUT_S = 20


def program_of(name: str) -> Program:
    program: Program = importlib.import_module(f"services.{name}.__main__").PROGRAM
    return program


def settings_of(name: str, folder: Path, database_url: str) -> Settings:
    """Nobody is there for the calls it makes."""
    environment = {
        "LISTEN_ADDR": f"unix:{folder / name}.sock",
        "MESH_OUTBOUND": f"unix:{folder / 'nobody.sock'}",
        "DATABASE_URL": database_url,
        "HOSTNAME": f"{name}-v1-0",
        "OTEL_RESOURCE_ATTRIBUTES": "service.version=v1",
    }
    return settings_from(environment, name)


@dataclass(kw_only=True)
class RefusedError(Exception):
    """How a call was refused; `details` in the order they came."""

    code: grpc.StatusCode
    message: str
    details: tuple[Message, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A service that takes calls."""

    program: Program
    settings: Settings
    channel: grpc.aio.Channel

    async def call(self, method: str, request: Message | bytes = b"") -> Any:
        """`Reserve`, of the service's only API. Raises RefusedError."""
        found = descriptor_pool.Default().FindMethodByName(f"{self.program.api[0]}.{method}")
        content = request if isinstance(request, bytes) else request.SerializeToString()
        answer_type = message_factory.GetMessageClass(found.output_type)
        call: Any = self.channel.unary_unary(
            f"/{self.program.api[0]}/{method}", response_deserializer=answer_type.FromString
        )
        try:
            return await call(content, timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            raise refused(error) from error

    async def refusal(self, method: str, request: Message | bytes = b"") -> RefusedError:
        """Of a call that must be refused."""
        try:
            answer = await self.call(method, request)
        except RefusedError as error:
            return error
        raise AssertionError(f"{method} was not refused: {answer}")


def refused(error: grpc.aio.AioRpcError) -> RefusedError:
    status = status_pb2.Status()
    for key, value in error.trailing_metadata() or ():
        if key == DETAILS_KEY:
            status.MergeFromString(bytes(value))  # type: ignore[arg-type]
    return RefusedError(code=error.code(), message=error.details() or "", details=tuple(map(_unpacked, status.details)))


def _unpacked(packed: Any) -> Message:
    for kind in DETAILS:
        if packed.Is(kind.DESCRIPTOR):
            detail: Message = kind()
            packed.Unpack(detail)
            return detail
    raise AssertionError(packed.type_url)


@asynccontextmanager
async def running(name: str, folder: Path, database_url: str) -> AsyncIterator[Running]:
    """On a database that is migrated, with its socket in `folder`."""
    program, settings = program_of(name), settings_of(name, folder, database_url)
    async with serving(program, settings), grpc.aio.insecure_channel(settings.listen_address) as channel:
        yield Running(program=program, settings=settings, channel=channel)
