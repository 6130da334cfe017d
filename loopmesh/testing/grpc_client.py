"""gRPC through a workload's proxy, in the process of the test: connections are kept, methods asked for once."""

import json
from collections.abc import Mapping
from typing import Any

import grpc
from google.protobuf.message import Message

from loopmesh.cli.calling import Method, find_method
from loopmesh.testing.answers import GrpcAnswer

Request = Message | bytes | Mapping[str, Any] | None


class GrpcClient:
    def __init__(self) -> None:
        self._channels: dict[tuple[str, str], grpc.Channel] = {}
        self._old: list[grpc.Channel] = []
        self._methods: dict[tuple[str, str], Method] = {}

    def renew(self) -> None:
        """Later calls go on new connections; those under way go on on theirs."""
        self._old.extend(self._channels.values())
        self._channels = {}

    def close(self) -> None:
        """Ends every connection; later calls open new ones."""
        self.renew()
        for channel in self._old:
            channel.close()
        self._old.clear()

    def call(
        self,
        socket_path: str,
        *,
        authority: str,
        method: Method | str,
        request: Request,
        headers: Mapping[str, str],
        timeout_s: float,
    ) -> GrpcAnswer:
        """`method` is a path where it is not known; the request is then a message or bytes."""
        path = method if isinstance(method, str) else method.path
        start = self._channel(socket_path, authority).unary_unary(path, bytes, bytes)
        try:
            body, call = start.with_call(
                _serialised(method, request), timeout=timeout_s, metadata=tuple(headers.items())
            )
        except grpc.RpcError as error:
            return _answer(error, error.code(), b"", None)
        message = None if isinstance(method, str) else method.response(body)
        return _answer(call, grpc.StatusCode.OK, body, message)

    def method(self, target: str, name: str) -> Method:
        """Asks the program at `target` by reflection, the first time. Raises LookupError and ConnectionError."""
        key = (target, name)
        if key not in self._methods:
            self._methods[key] = find_method(target, name)
        return self._methods[key]

    def _channel(self, socket_path: str, authority: str) -> grpc.Channel:
        key = (socket_path, authority)
        if key not in self._channels:
            options = [("grpc.default_authority", authority), ("grpc.use_local_subchannel_pool", 1)]
            self._channels[key] = grpc.insecure_channel(f"unix:{socket_path}", options=options)
        return self._channels[key]


def _serialised(method: Method | str, request: Request) -> bytes:
    """Raises TypeError for a mapping where the method's request is not known."""
    if request is None:
        return b""
    if isinstance(request, bytes):
        return request
    if isinstance(request, Message):
        return request.SerializeToString()
    if isinstance(method, str):
        raise TypeError(f"a scripted backend does not know the request of {method}; give a message or bytes")
    return method.request(json.dumps(dict(request))).SerializeToString()


def _answer(call: Any, code: grpc.StatusCode, body: bytes, message: Message | None) -> GrpcAnswer:
    return GrpcAnswer(
        code=code,
        details=call.details() or "",
        body=body,
        message=message,
        headers=_texts(call.initial_metadata()),
        trailers=_texts(call.trailing_metadata()),
    )


def _texts(metadata: Any) -> dict[str, str]:
    return {key: value for key, value in metadata or () if isinstance(value, str)}
