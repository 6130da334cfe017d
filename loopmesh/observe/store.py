"""Spans in SQLite. One writer, the mesh; any number of readers, the commands."""

import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from loopmesh.observe.span import Span

COLUMNS = "trace, id, parent, service, instance, proxy, name, kind, start_ns, end_ns, failed, attributes"
SCHEMA = """
CREATE TABLE IF NOT EXISTS spans (
  trace TEXT, id TEXT, parent TEXT, service TEXT, instance TEXT, proxy INTEGER, name TEXT, kind TEXT,
  start_ns INTEGER, end_ns INTEGER, failed INTEGER, attributes TEXT, UNIQUE (trace, id)
);
CREATE INDEX IF NOT EXISTS starts ON spans (start_ns);
"""
BEGINNING = """
SELECT trace FROM spans AS begun WHERE parent = '' OR (proxy AND kind = 'server' AND NOT EXISTS
  (SELECT 1 FROM spans WHERE trace = begun.trace AND id = begun.parent)) ORDER BY start_ns DESC LIMIT 1
"""
"""The newest: of calls whose callers have a trace already, what a proxy was asked; its parent is theirs."""
MOST_SPANS = 500_000
"""About 250 MB; the oldest go first."""
PRUNE_EVERY = 10_000
LAST = "last"


class TraceStore:
    """Not for several threads at once: its owner takes turns."""

    def __init__(self, path: Path, most_spans: int = MOST_SPANS) -> None:
        """Raises sqlite3.Error when the file is no database or cannot be written."""
        self._connection = sqlite3.connect(path, check_same_thread=False)
        self._connection.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; {SCHEMA}")
        self._most_spans = most_spans
        self._since_pruning = 0

    def add(self, spans: Iterable[Span]) -> None:
        """A span that is sent again changes nothing."""
        rows = [
            (s.trace, s.id, s.parent, s.service, s.instance, s.proxy, s.name, s.kind, s.start_ns, s.end_ns, s.failed,
             json.dumps(dict(s.attributes)))
            for s in spans
        ]  # fmt: skip
        with self._connection:
            self._connection.executemany(
                f"INSERT OR IGNORE INTO spans ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
                rows,
            )
        self._since_pruning += len(rows)
        if self._since_pruning >= min(PRUNE_EVERY, self._most_spans):
            self._prune()

    def close(self) -> None:
        self._connection.close()

    def _prune(self) -> None:
        self._since_pruning = 0
        with self._connection:
            self._connection.execute(
                "DELETE FROM spans WHERE rowid <= (SELECT max(rowid) FROM spans) - ?", (self._most_spans,)
            )


def find_trace(path: Path, trace: str) -> list[Span]:
    """The spans of a trace, by its id, the unambiguous start of one, or `last`; empty when there is none (yet)."""
    if not path.exists():
        return []
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        found = _newest(connection) if trace == LAST else _starting_with(connection, trace)
        if found is None:
            return []
        query = f"SELECT {COLUMNS} FROM spans WHERE trace = ? ORDER BY start_ns"  # noqa: S608 - a constant
        return [_span(row) for row in connection.execute(query, (found,))]
    finally:
        connection.close()


def _newest(connection: sqlite3.Connection) -> str | None:
    row = connection.execute(BEGINNING).fetchone()
    return row[0] if row else None


def _starting_with(connection: sqlite3.Connection, start: str) -> str | None:
    query = "SELECT DISTINCT trace FROM spans WHERE trace >= ? AND trace < ? LIMIT 2"
    rows = connection.execute(query, (start.lower(), start.lower() + "g")).fetchall()
    return rows[0][0] if len(rows) == 1 else None


def _span(row: tuple[object, ...]) -> Span:
    values = dict(zip(COLUMNS.split(", "), row, strict=True))
    values["attributes"] = json.loads(str(values["attributes"]))
    values["proxy"], values["failed"] = bool(values["proxy"]), bool(values["failed"])
    return Span(**values)  # type: ignore[arg-type]
