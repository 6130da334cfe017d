"""Small conversions into protobuf's own types."""

from datetime import timedelta

from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message


def pack(message: Message) -> Any:
    """The same bytes for the same message, so that equal configuration has an equal version."""
    packed = Any()
    packed.Pack(message, deterministic=True)
    return packed


def duration(milliseconds: int) -> Duration:
    value = Duration()
    value.FromTimedelta(timedelta(milliseconds=milliseconds))
    return value
