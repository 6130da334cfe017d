"""A trace as lines for people: a tree on the left, durations and a time bar on the right."""

from collections.abc import Iterator

from loopmesh.model.number_words import numbered
from loopmesh.observe import Trace, TraceNode
from loopmesh.observe.failure import UNKNOWN_HOSTS, chosen_cluster
from loopmesh.observe.response_flags import flags_of, words_of
from loopmesh.observe.span import Span

BAR_WIDTH = 24


def trace_lines(trace: Trace) -> Iterator[str]:
    """A head line, a line a span, and a line for each span whose parent is missing."""
    nodes = list(trace.nodes())
    end_ns = max((node.span.end_ns for node in nodes), default=trace.start_ns)
    yield f"trace {trace.id}  {numbered(trace.span_count, 'span')}  {(end_ns - trace.start_ns) / 1e6:.1f} ms"
    rows = [row for root in trace.roots for row in _rows(root, "", "")]
    width = max((len(text) for text, _ in rows), default=0)
    for text, span in rows:
        yield f"{text:<{width}}  {span.milliseconds:8.1f} ms  {_bar(span, trace.start_ns, end_ns)}"
    for orphan in trace.orphans:
        yield f"orphan: {orphan.service} {orphan.name}: its parent {orphan.parent} is not there"


def _rows(node: TraceNode, first: str, rest: str) -> Iterator[tuple[str, Span]]:
    yield f"{first}{_label(node)}", node.span
    for number, child in enumerate(node.children):
        last = number == len(node.children) - 1
        yield from _rows(child, rest + ("└─ " if last else "├─ "), rest + ("   " if last else "│  "))


def _label(node: TraceNode) -> str:
    span = node.span
    who = f"{span.service} proxy" if span.proxy else span.service
    attempt = f" attempt {node.attempt}" if node.attempt else ""
    return f"{who}: {_what(span)}{attempt}{_outcome(span)}"


def _what(span: Span) -> str:
    """The method where one is known; proxies put paths and clusters into attributes."""
    if span.proxy and span.kind == "client":
        return _where(chosen_cluster(span))
    path = str(span.attributes.get("http.url", span.attributes.get("url.full", "")))
    if span.proxy and "://" in path:
        method = span.attributes.get("http.method", "")
        path = "/" + path.split("://", 1)[1].partition("/")[2]
        return path.rpartition("/")[2] if method == "POST" and "." in path else f"{method} {path}"
    return span.name.rpartition("/")[2]


def _where(cluster: str) -> str:
    kind, _, rest = cluster.partition("|")
    if kind in ("outbound", "passthrough"):
        return f"to {rest.split('|')[-1].split('.')[0]}"
    return "to an unknown host" if kind in UNKNOWN_HOSTS else "to its program"


def _outcome(span: Span) -> str:
    flags = str(span.attributes.get("response_flags", "-"))
    code = str(span.attributes.get("grpc.status_code", span.attributes.get("rpc.grpc.status_code", "0")))
    in_words = f"{flags} ({words_of(flags)})" if flags_of(flags) else ""
    words = [f"status {code}" if code not in ("0", "OK") else "", in_words]
    said = " ".join(word for word in words if word)
    return f" !{said}" if said else " !" if span.failed else ""


def _bar(span: Span, start_ns: int, end_ns: int) -> str:
    total = max(end_ns - start_ns, 1)
    left = round((span.start_ns - start_ns) / total * BAR_WIDTH)
    length = max(round((span.end_ns - span.start_ns) / total * BAR_WIDTH), 1)
    return (" " * min(left, BAR_WIDTH - 1) + "▇" * length)[:BAR_WIDTH]
