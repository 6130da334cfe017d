"""How the exceptions of a service are said to callers: one table per service, `google.rpc` details included."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

DETAILS_KEY = "grpc-status-details-bin"
DOMAIN = "shop.loopmesh.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A status with its details (google.rpc.Status; AIP-193)."""

    code: grpc.StatusCode
    message: str
    details: tuple[Message, ...] = ()


ErrorTable = Mapping[type[Exception], Callable[[Any], Refusal]]
"""By exception class; the class of the error itself or the nearest of its bases counts."""


def refusal_for(error: Exception, table: ErrorTable) -> Refusal | None:
    """None for an exception that no row speaks of, which is a bug."""
    for kind in type(error).__mro__:
        if kind in table:
            return table[kind](error)
    return None


def reason(word: str, **metadata: str) -> error_details_pb2.ErrorInfo:
    """A machine-readable reason, such as `INSUFFICIENT_FUNDS`."""
    return error_details_pb2.ErrorInfo(reason=word, domain=DOMAIN, metadata=metadata)


def violated_fields(violations: Iterable[tuple[str, str]]) -> error_details_pb2.BadRequest:
    """From (field path, what is wrong)."""
    kind = error_details_pb2.BadRequest.FieldViolation
    return error_details_pb2.BadRequest(
        field_violations=[kind(field=field, description=description) for field, description in violations]
    )


def failed_precondition(kind: str, subject: str, description: str) -> error_details_pb2.PreconditionFailure:
    violation = error_details_pb2.PreconditionFailure.Violation(type=kind, subject=subject, description=description)
    return error_details_pb2.PreconditionFailure(violations=[violation])


def missing(resource_type: str, name: str) -> Refusal:
    """NOT_FOUND with which resource it is."""
    info = error_details_pb2.ResourceInfo(resource_type=resource_type, resource_name=name)
    return Refusal(code=grpc.StatusCode.NOT_FOUND, message=f"{name} does not exist", details=(info,))


async def refuse(context: "grpc.aio.ServicerContext[Any, Any]", refusal: Refusal) -> NoReturn:
    """Ends the call with the status and its details."""
    status = status_pb2.Status(code=refusal.code.value[0], message=refusal.message)
    for detail in refusal.details:
        packed = AnyMessage()
        packed.Pack(detail)
        status.details.append(packed)
    await context.abort(refusal.code, refusal.message, ((DETAILS_KEY, status.SerializeToString()),))
