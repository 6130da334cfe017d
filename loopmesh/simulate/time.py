"""Durations of the configuration, in milliseconds."""

from google.protobuf.duration_pb2 import Duration


def milliseconds(duration: Duration) -> int:
    return int(duration.ToMilliseconds())
