"""Spans become a tree, in whatever order they come."""

import itertools

import pytest

from loopmesh.observe import build_trace
from loopmesh.observe.span import Span, spans_of
from tests.observe.spans import CLIENT, export


def spans(*exports: object) -> list[Span]:
    return [span for one in exports for span in spans_of(one)]  # type: ignore[arg-type]


CHAIN = [export("PlaceOrder", 1), export("reserve", 2, 1, start_ms=1), export("debit", 3, 1, start_ms=4)]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_children_stand_under_their_parent_in_the_order_of_time(order: tuple[int, ...]) -> None:
    trace = build_trace(spans(*(CHAIN[index] for index in order)))
    assert trace.whole
    (root,) = trace.roots
    assert root.span.name == "PlaceOrder"
    assert [child.span.name for child in root.children] == ["reserve", "debit"]


def test_a_span_whose_parent_is_missing_is_an_orphan_and_the_trace_not_whole() -> None:
    trace = build_trace(spans(*CHAIN, export("lost", 9, 8)))
    assert [span.name for span in trace.orphans] == ["lost"]
    assert not trace.whole


def test_a_trace_that_somebody_outside_began_is_whole_without_the_first_span() -> None:
    trace = build_trace(spans(export("edge", 2, 1), export("orders", 3, 2)))
    assert trace.whole
    (root,) = trace.roots
    assert [node.span.name for node in root.walk()] == ["edge", "orders"]


def test_attempts_of_a_retried_call_are_counted_under_the_proxy() -> None:
    tries = [
        export("router", number, 1, proxy=True, kind=CLIENT, start_ms=number, end_ms=number + 1) for number in (2, 3, 4)
    ]
    (root,) = build_trace(spans(export("Reserve", 1, proxy=True, kind=CLIENT), *tries)).roots
    assert [child.attempt for child in root.children] == [1, 2, 3]


def test_a_call_that_was_made_once_has_no_attempts() -> None:
    once = export("router", 2, 1, proxy=True, kind=CLIENT)
    (root,) = build_trace(spans(export("Reserve", 1, proxy=True, kind=CLIENT), once)).roots
    assert [child.attempt for child in root.children] == [0]


def test_no_spans_are_no_trace() -> None:
    with pytest.raises(ValueError, match="at least one span"):
        build_trace([])
