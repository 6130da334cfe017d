"""Traces: taken in by OTLP, kept in SQLite, told as trees; and what the proxies count.

Enters: spans and statistics. Leaves: answers. Never: slows a call down.
"""

from loopmesh.observe.receiver import OtlpReceiver
from loopmesh.observe.statistics import merged_statistics
from loopmesh.observe.store import TraceStore, find_trace
from loopmesh.observe.tree import Trace, TraceNode, build_trace

__all__ = ["OtlpReceiver", "Trace", "TraceNode", "TraceStore", "build_trace", "find_trace", "merged_statistics"]
