"""Traces: taken in by OTLP, kept in SQLite, told as trees. Enters: spans. Leaves: answers. Never: slows a call down."""

from loopmesh.observe.receiver import OtlpReceiver
from loopmesh.observe.store import TraceStore, find_trace
from loopmesh.observe.tree import Trace, TraceNode, build_trace

__all__ = ["OtlpReceiver", "Trace", "TraceNode", "TraceStore", "build_trace", "find_trace"]
