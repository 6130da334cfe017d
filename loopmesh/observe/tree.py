"""Spans as a tree."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loopmesh.observe.span import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceNode:
    """`attempt` counts from 1 where a proxy tried more than once, 0 where it did not."""

    span: Span
    children: "tuple[TraceNode, ...]"
    attempt: int = 0

    def walk(self) -> "Iterator[TraceNode]":
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """`roots` are one span when the trace is whole, or those that somebody outside the mesh began with one of its own;
    `orphans` name a parent that is not there."""

    id: str
    roots: tuple[TraceNode, ...]
    orphans: tuple[Span, ...]
    span_count: int

    @property
    def whole(self) -> bool:
        tops = [node.span.parent for node in self.roots]
        return not self.orphans and (len(tops) == 1 or (len(set(tops)) == 1 and tops[0] != ""))

    @property
    def start_ns(self) -> int:
        return min(node.span.start_ns for node in self.roots) if self.roots else 0

    def nodes(self) -> Iterator[TraceNode]:
        for root in self.roots:
            yield from root.walk()


def build_trace(spans: Sequence[Span]) -> Trace:
    """Of a trace that began outside the mesh the spans without a known parent are the roots. Raises ValueError for no
    spans."""
    if not spans:
        raise ValueError("a trace has at least one span")
    known = {span.id for span in spans}
    children: dict[str, list[Span]] = {}
    for span in sorted(spans, key=lambda span: (span.start_ns, span.end_ns)):
        children.setdefault(span.parent, []).append(span)
    orphans = tuple(span for span in spans if span.parent and span.parent not in known)
    tops = children.get("", [])
    if not tops:
        tops, orphans = sorted(orphans, key=lambda span: span.start_ns), ()
    roots = tuple(_node(span, children, 0) for span in tops)
    return Trace(id=spans[0].trace, roots=roots, orphans=orphans, span_count=len(spans))


def _node(span: Span, children: dict[str, list[Span]], attempt: int) -> TraceNode:
    below = children.get(span.id, [])
    attempts = [child for child in below if span.proxy and child.proxy and child.kind == "client"]
    numbers = {child.id: number for number, child in enumerate(attempts, 1)} if len(attempts) > 1 else {}
    nodes = tuple(_node(child, children, numbers.get(child.id, 0)) for child in below)
    return TraceNode(span=span, children=nodes, attempt=attempt)
