"""Around every unary call: the caller's deadline, the contract's rules, the table of errors."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import protovalidate
from google.protobuf.message import DecodeError

from services.chassis.deadlines import begin_deadline
from services.chassis.errors import ErrorTable, Refusal, refusal_for, refuse, violated_fields

log = logging.getLogger(__name__)
Handler = Any
INTERNAL = Refusal(code=grpc.StatusCode.INTERNAL, message="internal error")
MALFORMED = Refusal(code=grpc.StatusCode.INVALID_ARGUMENT, message="the request is not a message of this method")


class Guard(grpc.aio.ServerInterceptor):
    """`served_by` is told to callers in the header `x-served-by`, the version in `x-version`."""

    def __init__(self, errors: ErrorTable, *, served_by: str, version: str) -> None:
        self._errors = errors
        self._headers = (("x-served-by", served_by), ("x-version", version))

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        handler = await continuation(handler_call_details)
        if handler is None or handler.unary_unary is None or handler_call_details.method.startswith("/grpc."):
            return handler
        # Without a deserializer: what is no message must be refused as everything else is.
        return grpc.unary_unary_rpc_method_handler(
            self._guarded(handler.unary_unary, handler.request_deserializer),
            response_serializer=handler.response_serializer,
        )

    def _guarded(
        self, behaviour: Callable[[Any, Any], Awaitable[Any]], deserialize: Callable[[bytes], Any]
    ) -> Callable[[bytes, Any], Awaitable[Any]]:
        async def call(content: bytes, context: "grpc.aio.ServicerContext[Any, Any]") -> Any:
            begin_deadline(context.time_remaining())
            await context.send_initial_metadata(self._headers)
            try:
                request = deserialize(content)
            except DecodeError:
                await refuse(context, MALFORMED)
            violations = protovalidate.collect_violations(request)
            if violations:
                await refuse(context, _invalid(violations))
            try:
                return await behaviour(request, context)
            except grpc.aio.AbortError:
                raise
            except Exception as error:
                refusal = refusal_for(error, self._errors)
                if refusal is None:
                    log.exception("a bug: %s", type(error).__name__)
                await refuse(context, refusal or INTERNAL)

        return call


def _invalid(violations: list[protovalidate.Violation]) -> Refusal:
    found = [(_path(violation), violation.proto.message) for violation in violations]
    said = "; ".join(f"{path}: {message}" for path, message in found)
    return Refusal(code=grpc.StatusCode.INVALID_ARGUMENT, message=said, details=(violated_fields(found),))


def _path(violation: protovalidate.Violation) -> str:
    """`lines[0].quantity`."""
    parts = []
    for element in violation.proto.field.elements if violation.proto.field else ():
        number = element.subscript
        index = f"[{number.value}]" if number is not None and isinstance(number.value, int) else ""
        parts.append(f"{element.field_name}{index}")
    return ".".join(parts)
