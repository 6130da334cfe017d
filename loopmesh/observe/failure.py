"""Where a call failed: the deepest span of its trace that did."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import SplitResult, unquote, urlsplit

from loopmesh.observe.span import Span
from loopmesh.observe.tree import Trace, TraceNode

SERVER_ERROR = 500
CLIENT_ERROR = 400
OK = ("0", "OK", "")
UNKNOWN_HOSTS = ("PassthroughCluster", "AllowAnyDynamicDNSCluster")
"""Where calls of hosts go that nobody has declared."""
OUTWARD = ("outbound|", "passthrough|", *UNKNOWN_HOSTS)
ABANDONED = {"DC", "DR"}
NODE = "node_id"
GATEWAY = "router~"
"""How a gateway's proxy begins to say who it is."""
ASKED = "upstream_address"
"""Which a proxy adds once somebody has the request."""
UNITS_MS = {"H": 3_600_000, "M": 60_000, "S": 1000, "m": 1}
"""Of a gRPC deadline (gRPC over HTTP/2, `Timeout-Unit`); below a millisecond nothing is said."""


class EndedBy(StrEnum):
    """Who gave the answer that was passed on."""

    PROGRAM = "program"
    SERVER_PROXY = "server's proxy"
    CALLER_PROXY = "caller's proxy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The failed call farthest down, as its caller asked it. `caller` and `server` are instances, empty where unknown;
    `flags` are Envoy's; `status` is a gRPC code as a number or word, or an HTTP status; `is_grpc` says which.

    `tries` is None where the caller's proxy sends no span for each; `arrived_path` is the path the server saw,
    `deadline_ms` the longest time the caller asked for, 0 for none.
    """

    ended_by: EndedBy
    caller: str
    server: str
    from_outside: bool
    scheme: str
    authority: str
    method: str
    path: str
    arrived_path: str
    asks_grpc: bool
    deadline_ms: int
    cluster: str
    flags: str
    status: str
    is_grpc: bool
    message: str
    tries: int | None


def find_failure(trace: Trace) -> Failure | None:
    """None when the call as a whole succeeded; what was repaired by a retry does not count."""
    path: list[TraceNode] = []
    level = list(trace.roots)
    while failed := [node for node in level if _counts(node.span) and not (path and _was_abandoned(node.span))]:
        path.append(failed[-1])
        level = list(failed[-1].children)
    return _failure(path) if path else None


def _counts(span: Span) -> bool:
    return has_failed(span) and not is_errand(span)


def is_errand(span: Span) -> bool:
    """What a proxy asks for itself, such as an authorizer: not a part of the call's way."""
    return span.proxy and span.kind == "client" and "response_flags" not in span.attributes


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
    entered = _last(spans, lambda span: _is_request(span) and is_outbound(span))
    arrived = _last(spans, lambda span: _is_request(span) and not is_outbound(span))
    asked = entered or arrived or last
    url = _url(asked)
    outer = next((node for node in reversed(path) if node.span is entered), None)
    return Failure(
        ended_by=_ended_by(last),
        caller=entered.instance if entered else "",
        server=arrived.instance if arrived and (not entered or spans.index(arrived) > spans.index(entered)) else "",
        from_outside=is_gateway(asked),
        scheme=url.scheme,
        authority=url.netloc,
        method=str(asked.attributes.get("http.method", "")),
        path=_path(asked),
        arrived_path=_path(arrived) if arrived else "",
        asks_grpc="grpc.path" in asked.attributes,
        deadline_ms=_milliseconds(str(asked.attributes.get("grpc.timeout", ""))),
        cluster=chosen_cluster(entered) if entered else "",
        flags=",".join(dict.fromkeys(_flags(spans))),
        status=grpc_status(last) or str(http_status(last) or ""),
        is_grpc=bool(grpc_status(last)) or "grpc.path" in asked.attributes,
        message=unquote(str(last.attributes.get("grpc.message", ""))).strip(),
        tries=_tries(outer) if outer else 0,
    )


def _is_request(span: Span) -> bool:
    """A proxy's span of a request as a whole, not of a try; Istio's sidecars make them as clients where calls leave."""
    return span.proxy and NODE in span.attributes


def _tries(node: TraceNode) -> int | None:
    tries = [child for child in node.children if child.span.kind == "client" and child.span.proxy]
    return len(tries) if node.span.kind == "server" else None


def _url(span: Span) -> SplitResult:
    return urlsplit(str(span.attributes.get("http.url", "")))


def _path(span: Span) -> str:
    url = _url(span)
    return f"{url.path}?{url.query}" if url.query else url.path


def _milliseconds(deadline: str) -> int:
    return int(deadline[:-1]) * UNITS_MS.get(deadline[-1], 0) if deadline[:-1].isdecimal() else 0


def chosen_cluster(span: Span) -> str:
    """The cluster a proxy sent the request to; `upstream_cluster.name` would be its name in statistics."""
    return str(span.attributes.get("upstream_cluster", ""))


def is_outbound(span: Span) -> bool:
    """The caller's side: its program hands requests over on a Unix socket, or its routes lead out, be it to an unknown
    host; a gateway's always, and what Istio's sidecars send as clients."""
    dialled = str(span.attributes.get("peer.address", ""))
    leaves = is_gateway(span) or (_is_request(span) and span.kind == "client")
    return leaves or chosen_cluster(span).startswith(OUTWARD) or dialled.endswith("out.sock")


def is_gateway(span: Span) -> bool:
    return str(span.attributes.get(NODE, "")).startswith(GATEWAY)


def _ended_by(last: Span) -> EndedBy:
    if not last.proxy:
        return EndedBy.PROGRAM
    if ASKED in last.attributes and chosen_cluster(last).startswith("inbound|"):
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
