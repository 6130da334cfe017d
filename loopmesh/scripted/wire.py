"""What the program and the author of its script tell each other: a JSON object a line, over a Unix socket.

The program first says who it is (`Hello`), then asks about each call (`Question`); each answer names its question.
"""

import base64
import json
from dataclasses import asdict, dataclass
from typing import Any

SOCKET_VARIABLE = "LOOPMESH_SCRIPT"
"""The environment variable that holds the socket's path."""
LINE_BYTES = 64 * 1024 * 1024
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """`instance` is the workload's name, `backend-v1-0`."""

    instance: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A call that has arrived. `method` is the HTTP method, POST for gRPC."""

    number: int
    protocol: str
    method: str
    path: str
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`code` is the name of a gRPC status and counts for gRPC calls, `status` for HTTP calls."""

    number: int = 0
    code: str = "OK"
    details: str = ""
    status: int = 200
    headers: Headers = ()
    body: bytes = b""


def write(message: Hello | Question | Answer) -> bytes:
    return json.dumps(asdict(message), default=_text).encode() + b"\n"


def read_hello(line: bytes) -> Hello:
    return Hello(**json.loads(line))


def read_question(line: bytes) -> Question:
    return Question(**_read(line))


def read_answer(line: bytes) -> Answer:
    return Answer(**_read(line))


def _read(line: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(line)
    found["headers"] = tuple((name, value) for name, value in found["headers"])
    found["body"] = base64.b64decode(found["body"])
    return found


def _text(value: object) -> str:
    """Bodies are the only values that JSON has no form for."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} is not carried")
