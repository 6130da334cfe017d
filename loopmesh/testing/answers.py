"""What came back from a call."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.message import Message

INSTANCE_HEADER = "x-instance"


@dataclass(frozen=True, slots=True, kw_only=True)
class GrpcAnswer:
    """`message` is set where the method is known by reflection and the status is OK; `body` is what was sent.

    `headers` and `trailers` hold text only.
    """

    code: grpc.StatusCode
    details: str = ""
    body: bytes = b""
    message: Message | None = None
    headers: Mapping[str, str]
    trailers: Mapping[str, str]

    @property
    def ok(self) -> bool:
        return self.code is grpc.StatusCode.OK

    @property
    def instance(self) -> str:
        """Which instance of a scripted backend answered; empty if none did."""
        return self.headers.get(INSTANCE_HEADER) or self.trailers.get(INSTANCE_HEADER, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        return self.status < 400

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def instance(self) -> str:
        """Which instance of a scripted backend answered; empty if none did."""
        return self.headers.get(INSTANCE_HEADER, "")
