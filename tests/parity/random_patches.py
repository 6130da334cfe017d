"""EnvoyFilters from so few words that patches often meet what they are for, and each other."""

from typing import Any

from hypothesis import strategies as st

from tests.parity.case import Call, Expectation

TYPES = "type.googleapis.com/envoy.extensions.filters"
MANAGER = "envoy.filters.network.http_connection_manager"
TCP_PROXY = "envoy.filters.network.tcp_proxy"
ROUTER = "envoy.filters.http.router"
FAULT = "envoy.filters.http.fault"
CONTEXTS = ("SIDECAR_INBOUND", "SIDECAR_OUTBOUND", "GATEWAY", "ANY")
LAST = (ROUTER, MANAGER, TCP_PROXY)
"""Filters a chain must end with; Envoy takes none without."""
INSERTS = ("INSERT_BEFORE", "INSERT_AFTER", "INSERT_FIRST", "ADD")
MERGES = ("MERGE", "MERGE_AND_REPLACE_LIST")
HOSTS = ("server.lab.svc.cluster.local", "mirror.lab.svc.cluster.local")
PORTS = (8000, 8001, 9000, 80)
SUBSETS = ("v1", "v2")
BESIDE = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: server, namespace: lab}
spec:
  host: server
  subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge, namespace: lab}
spec:
  selector: {istio: edge}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["shop.example.com"]}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: server, namespace: lab}
spec:
  hosts: [server, shop.example.com]
  gateways: [edge, mesh]
  http:
  - name: first
    match: [{uri: {prefix: /first}}]
    route: [{destination: {host: server, subset: v1}}]
  - name: sent
    match: [{uri: {prefix: /sent}}]
    redirect: {uri: /first}
  - name: rest
    route: [{destination: {host: server, subset: v2}}]
---
"""
"""What patches find in every example."""


@st.composite
def envoy_filters(draw: st.DrawFn) -> list[dict[str, Any]]:
    """One or two, of the workloads' namespace or the root's, with an order among them."""
    return [draw(_envoy_filter(place)) for place in range(draw(st.integers(1, 2)))]


@st.composite
def _envoy_filter(draw: st.DrawFn, place: int) -> dict[str, Any]:
    namespace = draw(st.sampled_from(("lab", "istio-system")))
    spec: dict[str, Any] = {"configPatches": draw(st.lists(_patch(), min_size=1, max_size=4))}
    spec |= draw(st.sampled_from(({}, {"priority": 1}, {"priority": -1})))
    if namespace == "lab":
        spec |= draw(st.sampled_from(({}, {"workloadSelector": {"labels": {"app": "server"}}})))
    return {
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "EnvoyFilter",
        "metadata": {"name": f"random-{place}", "namespace": namespace},
        "spec": spec,
    }


def _patch() -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(
        _http_filter(),
        _network_filter(),
        _filter_chain(),
        _cluster(),
        _route_configuration(),
        _virtual_host(),
        _route(),
    )


@st.composite
def _http_filter(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(st.sampled_from((ROUTER, FAULT, "random-0", None)))
    inside = {"name": MANAGER} | ({"subFilter": {"name": name}} if name else {})
    match = draw(_listener({"filter": inside}))
    operation = draw(_operation(name))
    value: dict[str, Any] = {
        "name": f"random-{draw(st.integers(0, 1))}",
        "typed_config": {
            "@type": f"{TYPES}.http.header_mutation.v3.HeaderMutation",
            "mutations": {"request_mutations": [{"remove": draw(st.sampled_from(("x-a", "x-b")))}]},
        },
    }
    if operation == "MERGE" and name != "random-0":
        kind = "router.v3.Router" if name == ROUTER else "fault.v3.HTTPFault"
        more = {"suppress_envoy_headers": True} if name == ROUTER else {"max_active_faults": 3}
        value = {"name": name or FAULT, "typed_config": {"@type": f"{TYPES}.http.{kind}", **more}}
    return _of("HTTP_FILTER", match, operation, value)


@st.composite
def _network_filter(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(st.sampled_from((MANAGER, TCP_PROXY, "random-0", None)))
    match = draw(_listener({"filter": {"name": name}} if name else {}))
    operation = draw(_operation(name))
    value: dict[str, Any] = {
        "name": f"random-{draw(st.integers(0, 1))}",
        "typed_config": {
            "@type": f"{TYPES}.network.connection_limit.v3.ConnectionLimit",
            "stat_prefix": "random",
            "max_connections": draw(st.integers(1, 3)),
        },
    }
    if operation == "MERGE" and name in (MANAGER, TCP_PROXY):
        kind = "http_connection_manager.v3.HttpConnectionManager" if name == MANAGER else "tcp_proxy.v3.TcpProxy"
        more = {"server_name": "random"} if name == MANAGER else {"max_connect_attempts": 3}
        value = {"name": name, "typed_config": {"@type": f"{TYPES}.network.{kind}", **more}}
    return _of("NETWORK_FILTER", match, operation, value)


def _operation(name: str | None) -> st.SearchStrategy[str]:
    return st.sampled_from(("MERGE", *INSERTS, *(() if name in LAST else ("REMOVE", "REPLACE"))))


@st.composite
def _filter_chain(draw: st.DrawFn) -> dict[str, Any]:
    chain = draw(st.sampled_from(({}, {"transportProtocol": "tls"}, {"transportProtocol": "raw_buffer"})))
    value = {"transport_socket_connect_timeout": f"{draw(st.integers(3, 5))}s"}
    match = draw(_listener(chain))
    # Istio sends no routes that no chain asks for.
    removing = ("REMOVE",) if match["context"] == "SIDECAR_INBOUND" else ()
    return _of("FILTER_CHAIN", match, draw(st.sampled_from((*MERGES, *removing))), value)


@st.composite
def _listener(draw: st.DrawFn, chain: dict[str, Any]) -> dict[str, Any]:
    context = draw(st.sampled_from(CONTEXTS))
    said = {"filterChain": chain} if chain else {}
    if context != "SIDECAR_OUTBOUND":
        said |= draw(st.sampled_from(({}, {"portNumber": draw(st.sampled_from(PORTS))})))
    if context == "SIDECAR_INBOUND":
        said |= draw(st.sampled_from(({}, {"name": "virtualInbound"})))
    return {"context": context, **({"listener": said} if said else {})}


@st.composite
def _cluster(draw: st.DrawFn) -> dict[str, Any]:
    parts = {
        "service": draw(st.sampled_from(HOSTS)),
        "portNumber": draw(st.sampled_from(PORTS)),
        "subset": draw(st.sampled_from(SUBSETS)),
        "name": f"outbound|8000|{draw(st.sampled_from((*SUBSETS, '')))}|{HOSTS[0]}",
    }
    chosen = draw(st.lists(st.sampled_from(sorted(parts)), unique=True, max_size=2))
    found = {"cluster": {name: parts[name] for name in chosen}} if chosen else {}
    match = {"context": draw(st.sampled_from(CONTEXTS)), **found}
    operation = draw(st.sampled_from((*MERGES, "REMOVE", "ADD")))
    values: tuple[dict[str, Any], ...] = (
        {"connect_timeout": "2s"},
        {"lb_policy": "RANDOM", "circuit_breakers": {"thresholds": [{"max_requests": 3}]}},
        {"outlier_detection": {"consecutive_5xx": 9}, "alt_stat_name": "random"},
        {"common_lb_config": {"healthy_panic_threshold": {"value": 50}}},
        {"typed_extension_protocol_options": {"random": {"@type": f"{TYPES}.http.router.v3.Router"}}},
    )
    added = {"name": "outbound|1||random", "type": "STATIC", "connect_timeout": "1s"}
    return _of("CLUSTER", match, operation, added if operation == "ADD" else draw(st.sampled_from(values)))


@st.composite
def _route_configuration(draw: st.DrawFn) -> dict[str, Any]:
    match = {"context": draw(st.sampled_from(("SIDECAR_INBOUND", "GATEWAY")))}
    values = ({"max_direct_response_body_size_bytes": 9}, {"request_headers_to_remove": ["x-a"]})
    return _of("ROUTE_CONFIGURATION", match, draw(st.sampled_from(MERGES)), draw(st.sampled_from(values)))


@st.composite
def _virtual_host(draw: st.DrawFn) -> dict[str, Any]:
    operation = draw(st.sampled_from((*MERGES, "REMOVE", "REPLACE", "ADD")))
    change = {
        "request_headers_to_add": [{"header": {"key": draw(st.sampled_from(("x-a", "x-b"))), "value": "random"}}],
        "include_request_attempt_count": draw(st.booleans()),
    }
    whole = {"name": "random:8000", "domains": ["random"], "routes": [_random_route("/")]}
    value = whole if operation in ("REPLACE", "ADD") else change
    return _of("VIRTUAL_HOST", draw(_routes()), operation, value)


@st.composite
def _route(draw: st.DrawFn) -> dict[str, Any]:
    named = draw(
        st.sampled_from(({}, {"name": "first"}, {"name": "default"}, {"name": "random"}, {"action": "REDIRECT"}))
    )
    operation = draw(st.sampled_from((*MERGES, "REMOVE", *INSERTS)))
    changes: tuple[dict[str, Any], ...] = (
        {"route": {"timeout": "3s"}},
        {"response_headers_to_add": [{"header": {"key": "x-a", "value": "random"}}]},
        {"route": {"retry_policy": {"retry_on": "5xx", "num_retries": 1}}},
    )
    value = draw(st.sampled_from(changes)) if operation in MERGES else _random_route(draw(st.sampled_from(("/", "/a"))))
    return _of("HTTP_ROUTE", draw(_routes({"route": named} if named else {})), operation, value)


def _random_route(path: str) -> dict[str, Any]:
    return {"name": "random", "match": {"prefix": path}, "direct_response": {"status": 210}}


@st.composite
def _routes(draw: st.DrawFn, route: dict[str, Any] | None = None) -> dict[str, Any]:
    context = draw(st.sampled_from(CONTEXTS))
    names = {
        "SIDECAR_OUTBOUND": tuple(f"{host}:8000" for host in HOSTS),
        "GATEWAY": ("shop.example.com:80",),
        "SIDECAR_INBOUND": ("inbound|http|8000",),
    }.get(context, ())
    host: dict[str, Any] = dict(route or {})
    if names:
        host |= draw(st.sampled_from(({}, *({"name": name} for name in names))))
    said: dict[str, Any] = {"vhost": host} if host else {}
    said |= draw(st.sampled_from(({}, {}, {"portNumber": draw(st.sampled_from(PORTS))})))
    return {"context": context, **({"routeConfiguration": said} if said else {})}


def _of(target: str, match: dict[str, Any], operation: str, value: dict[str, Any]) -> dict[str, Any]:
    patch = {"operation": operation} if operation == "REMOVE" else {"operation": operation, "value": value}
    return {"applyTo": target, "match": match, "patch": patch}


def _call(call: str) -> Call:
    return Call(call=call, headers={"x-a": "1"}, expect=Expectation(status=200))


CALLS = tuple(_call(f"GET http://{target}") for target in ("server:8000/first", "server:8000/a", "mirror:8001/"))
