"""Where a call failed: the deepest span of its trace that did."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from loopmesh.observe.span import Span
from loopmesh.observe.tree import Trace, TraceNode

SERVER_ERROR = 500
CLIENT_ERROR = 400
OK = ("0", "OK", "")
UNKNOWN_HOSTS = ("PassthroughCluster", "AllowAnyDynamicDNSCluster")
"""Where calls of hosts go that nobody has declared."""
OUTWARD = ("outbound|", "passthrough|", *UNKNOWN_HOSTS)
ABANDONED = {"DC", "DR"}


class EndedBy(StrEnum):
    """Who gave the answer that was passed on."""

    PROGRAM = "program"
    SERVER_PROXY = "server's proxy"
    CALLER_PROXY = "caller's proxy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The failed call farthest down. `caller` and `server` are instances, empty where unknown; `flags` are Envoy's;
    `status` is a gRPC code as a number or word, or an HTTP status."""

    ended_by: EndedBy
    caller: str
    server: str
    authority: str
    method: str
    path: str
    cluster: str
    flags: str
    status: str
    is_grpc: bool
    message: str
    tries: int


def find_failure(trace: Trace) -> Failure | None:
    """None when the call as a whole succeeded; what was repaired by a retry does not count."""
    path: list[TraceNode] = []
    level = list(trace.roots)
    while failed := [node for node in level if has_failed(node.span) and not (path and _was_abandoned(node.span))]:
        path.append(failed[-1])
        level = list(failed[-1].children)
    return _failure(path) if path else None


def has_failed(span: Span) -> bool:
    status = grpc_status(span)
    if status:
        return status not in OK
    http = http_status(span)
    return span.failed or (http >= (CLIENT_ERROR if span.proxy else SERVER_ERROR))


def grpc_status(span: Span) -> str:
    return str(span.attributes.get("grpc.status_code", span.attributes.get("rpc.grpc.status_code", "")))


def http_status(span: Span) -> int:
    said = str(span.attributes.get("http.status_code", span.attributes.get("http.response.status_code", "")))
    return int(said) if said.isdecimal() else 0


def _failure(path: list[TraceNode]) -> Failure:
    spans = [node.span for node in path]
    last = spans[-1]
    entered = _last(spans, lambda span: span.proxy and span.kind == "server" and is_outbound(span))
    arrived = _last(spans, lambda span: span.proxy and span.kind == "server" and not is_outbound(span))
    asked = arrived or entered or last
    url = urlsplit(str(asked.attributes.get("http.url", "")))
    outer = next((node for node in reversed(path) if node.span is entered), None)
    return Failure(
        ended_by=_ended_by(last),
        caller=entered.instance if entered else "",
        server=arrived.instance if arrived and (not entered or spans.index(arrived) > spans.index(entered)) else "",
        authority=url.netloc,
        method=str(asked.attributes.get("http.method", "")),
        path=f"{url.path}?{url.query}" if url.query else url.path,
        cluster=chosen_cluster(entered) if entered else "",
        flags=",".join(dict.fromkeys(_flags(spans))),
        status=grpc_status(last) or str(http_status(last) or ""),
        is_grpc=bool(grpc_status(last)) or "grpc.path" in asked.attributes,
        message=str(last.attributes.get("grpc.message", "")),
        tries=sum(child.span.kind == "client" and child.span.proxy for child in outer.children) if outer else 0,
    )


def chosen_cluster(span: Span) -> str:
    """The cluster a proxy sent the request to; `upstream_cluster.name` would be its name in statistics."""
    return str(span.attributes.get("upstream_cluster", ""))


def is_outbound(span: Span) -> bool:
    """The caller's side: its program hands requests over on a Unix socket, or its routes lead out, be it to an unknown
    host."""
    dialled = str(span.attributes.get("peer.address", ""))
    return chosen_cluster(span).startswith(OUTWARD) or dialled.endswith("out.sock")


def _ended_by(last: Span) -> EndedBy:
    if not last.proxy:
        return EndedBy.PROGRAM
    if last.kind == "client" and chosen_cluster(last).startswith("inbound|"):
        return EndedBy.SERVER_PROXY if _has_flags(last) else EndedBy.PROGRAM
    return EndedBy.CALLER_PROXY if is_outbound(last) else EndedBy.SERVER_PROXY


def _was_abandoned(span: Span) -> bool:
    """Its caller gave up first: what it ended with is a consequence, not the cause."""
    flags = set(str(span.attributes.get("response_flags", "-")).split(","))
    return bool(flags & ABANDONED)


def _has_flags(span: Span) -> bool:
    return str(span.attributes.get("response_flags", "-")) != "-"


def _flags(spans: list[Span]) -> Iterator[str]:
    for span in reversed(spans):
        said = str(span.attributes.get("response_flags", "-"))
        yield from (flag for flag in said.split(",") if flag and flag != "-")


def _last(spans: list[Span], is_meant: Callable[[Span], bool]) -> Span | None:
    return next((span for span in reversed(spans) if is_meant(span)), None)
