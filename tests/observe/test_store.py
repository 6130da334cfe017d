"""Spans are kept in SQLite and found again."""

import sqlite3
from pathlib import Path

import pytest

from loopmesh.observe import TraceStore, find_trace
from loopmesh.observe.span import spans_of
from tests.observe.spans import TRACE, export

OTHER = "5" + TRACE[1:]


def keep(store: TraceStore, *exports: object) -> None:
    store.add([span for one in exports for span in spans_of(one)])  # type: ignore[arg-type]


def test_a_trace_is_found_by_its_id_and_by_the_start_of_it(tmp_path: Path) -> None:
    store = TraceStore(tmp_path / "traces.db")
    keep(store, export("one", 1), export("other", 1, trace=OTHER))
    assert [span.name for span in find_trace(tmp_path / "traces.db", TRACE)] == ["one"]
    assert [span.name for span in find_trace(tmp_path / "traces.db", TRACE[:6].upper())] == ["one"]


def test_a_start_that_fits_two_traces_finds_none(tmp_path: Path) -> None:
    store = TraceStore(tmp_path / "traces.db")
    keep(store, export("one", 1), export("other", 1, trace=TRACE[:-1] + "0"))
    assert find_trace(tmp_path / "traces.db", TRACE[:8]) == []


def test_last_is_the_trace_that_began_last_whatever_came_last(tmp_path: Path) -> None:
    store = TraceStore(tmp_path / "traces.db")
    keep(store, export("newer", 1, trace=OTHER, start_ms=50), export("older", 1, start_ms=10))
    assert [span.name for span in find_trace(tmp_path / "traces.db", "last")] == ["newer"]


def test_last_may_have_begun_outside_the_mesh(tmp_path: Path) -> None:
    store = TraceStore(tmp_path / "traces.db")
    keep(store, export("older", 1), export("newer", 2, 1, proxy=True, trace=OTHER, start_ms=50))
    assert [span.name for span in find_trace(tmp_path / "traces.db", "last")] == ["newer"]


def test_a_span_that_is_sent_twice_is_kept_once(tmp_path: Path) -> None:
    store = TraceStore(tmp_path / "traces.db")
    keep(store, export("one", 1), export("one", 1))
    keep(store, export("one", 1))
    assert len(find_trace(tmp_path / "traces.db", TRACE)) == 1


def test_everything_said_of_a_span_comes_back(tmp_path: Path) -> None:
    store = TraceStore(tmp_path / "traces.db")
    (sent,) = spans_of(export("one", 1, proxy=True, response_flags="UF"))
    store.add([sent])
    assert find_trace(tmp_path / "traces.db", TRACE) == [sent]


def test_the_oldest_spans_go_when_there_are_too_many(tmp_path: Path) -> None:
    store = TraceStore(tmp_path / "traces.db", most_spans=10)
    for number in range(1, 31):
        keep(store, export(f"span {number}", number))
    names = [span.name for span in find_trace(tmp_path / "traces.db", TRACE)]
    assert "span 30" in names
    assert "span 1" not in names
    assert len(names) <= 20


def test_a_file_that_is_not_there_holds_no_trace(tmp_path: Path) -> None:
    assert find_trace(tmp_path / "traces.db", "last") == []


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "traces.db").write_text("this is no database, and long enough to be seen as none" * 100)
    with pytest.raises(sqlite3.Error):
        TraceStore(tmp_path / "traces.db")
