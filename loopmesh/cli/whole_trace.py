"""A trace once all of it has come in."""

import sqlite3
import time
from pathlib import Path

from loopmesh.cli.errors import CommandError
from loopmesh.observe import Trace, build_trace, find_trace
from loopmesh.observe.span import Span

PATIENCE_S = 5.0
POLL_S = 0.1
SETTLED_S = 0.7
"""Programs and proxies export every 0.2 s; what has not grown for this long is whole."""


def wait_for_trace(path: Path, trace_id: str) -> Trace:
    """Waits until the trace is connected and does not grow any more, or patience ends. Raises CommandError for none."""
    deadline = time.monotonic() + PATIENCE_S
    found: Trace | None = None
    unchanged_since = time.monotonic()
    while time.monotonic() < deadline:
        spans = _find(path, trace_id)
        now = build_trace(spans) if spans else None
        if now is None or found is None or now.span_count != found.span_count or now.id != found.id:
            found, unchanged_since = now, time.monotonic()
        elif now.whole and time.monotonic() - unchanged_since > SETTLED_S:
            break
        time.sleep(POLL_S)
    if found is None:
        log = path.parent / "logs" / "mesh.log"
        lost = f"; {log} tells of spans that could not be kept" if log.exists() else ""
        raise CommandError(f"there is no trace {trace_id} in {path}; make a call first, or name another --state{lost}")
    return found


def _find(path: Path, trace_id: str) -> list[Span]:
    try:
        return find_trace(path, trace_id)
    except sqlite3.Error as error:
        raise CommandError(
            f"{path} cannot be read: {error}; end the mesh and remove it, or name another --state"
        ) from error
