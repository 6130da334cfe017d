"""Policies of the kinds beside routes, rules and permissions, with routes and rules that refer to them, from so few
words that they often meet."""

from typing import Any

from hypothesis import strategies as st

from tests.tokens import Issuer

NAMESPACES = ("lab", "guests", "istio-system")
ADDED = ("api.example.com", "db.example.com", "sales.lab.svc.cluster.local")
WILDCARD = "*.example.net"
PORTS = (
    {"number": 80, "name": "http", "protocol": "HTTP"},
    {"number": 7000, "name": "grpc", "protocol": "GRPC"},
    {"number": 443, "name": "tls", "protocol": "TLS"},
    {"number": 5432, "name": "tcp", "protocol": "TCP"},
)
ENDPOINTS: tuple[dict[str, Any], ...] = (
    {"address": "127.0.0.1"},
    {"address": "127.0.0.2", "labels": {"version": "v1"}, "weight": 3},
    {"address": "127.0.0.3", "labels": {"security.istio.io/tlsMode": "istio"}, "serviceAccount": "db"},
)
EXPORTS: tuple[list[str], ...] = ([], ["."], ["*"], ["guests"], ["lab", "guests"])
SECURE = (
    {"mode": "SIMPLE", "credentialName": "cert"},
    {"mode": "MUTUAL", "credentialName": "cert", "subjectAltNames": ["a"]},
    {"mode": "ISTIO_MUTUAL"},
)
SERVED = ("shop.example.com", "*.example.com", "./shop.example.com", "guests/*", "*")
MODES = ("STRICT", "PERMISSIVE", "DISABLE", "UNSET")
SIDES = ("CLIENT", "SERVER", "CLIENT_AND_SERVER")
PROVIDERS = ("lines", "envoy")
KEYS = Issuer("https://issuer.example").key_set
MESH_CONFIG = """
extensionProviders:
- {name: spans, opentelemetry: {service: greeter.lab.svc.cluster.local, port: 7000}}
- {name: lines, envoyFileAccessLog: {path: /dev/stdout}}
"""


@st.composite
def policies(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A few, each of its own name; several of one kind may be for the same."""
    gateways = draw(st.lists(_gateway(), max_size=1))
    added = draw(st.lists(_added_host(), max_size=2, unique_by=_host))
    known = {"server.lab.svc.cluster.local": 8000, "mirror.lab.svc.cluster.local": 8000}
    known |= {_host(one): port["number"] for one in added for port in one["spec"]["ports"] if port in PORTS[:2]}
    bound = [f"{one['metadata']['namespace']}/random-0" for one in gateways]
    others = (_sidecar(known), _peers(), _tokens(), _telemetry(), _routes(known, bound), _rule(known))
    return _named([*gateways, *added, *draw(st.lists(st.one_of(*others), min_size=1, max_size=4))])


def _host(added: dict[str, Any]) -> Any:
    return added["spec"]["hosts"][0]


def _named(several: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one | {"metadata": one["metadata"] | {"name": f"random-{place}"}} for place, one in enumerate(several)]


def _document(kind: str, group: str, namespace: str, **spec: Any) -> dict[str, Any]:
    said = {key: value for key, value in spec.items() if value not in (None, [], {})}
    return {"apiVersion": f"{group}.istio.io/v1", "kind": kind, "metadata": {"namespace": namespace}, "spec": said}


def _some(*values: Any) -> st.SearchStrategy[Any]:
    """One of them, or nothing."""
    return st.sampled_from((None, *values))


@st.composite
def _parts(draw: st.DrawFn, parts: dict[str, Any]) -> dict[str, Any]:
    """At least one of what there is to say."""
    chosen = draw(st.lists(st.sampled_from(sorted(parts)), min_size=1, unique=True))
    return {name: draw(st.sampled_from(parts[name])) for name in chosen}


@st.composite
def _added_host(draw: st.DrawFn) -> dict[str, Any]:
    hosts = [draw(st.sampled_from((*ADDED, WILDCARD)))]
    is_wild = hosts == [WILDCARD]
    resolution = draw(st.sampled_from(("NONE", "DYNAMIC_DNS") if is_wild else ("NONE", "STATIC", "DNS")))
    # Without an address nothing tells connections to two hosts apart.
    known = PORTS[:2] if is_wild else PORTS[:3] if resolution == "NONE" else PORTS
    ports = draw(st.lists(st.sampled_from(known), min_size=1, unique_by=_number))
    endpoints = draw(st.lists(st.sampled_from(ENDPOINTS), min_size=1, max_size=2)) if resolution == "STATIC" else []
    return _document(
        "ServiceEntry",
        "networking",
        draw(st.sampled_from(NAMESPACES)),
        hosts=hosts,
        ports=ports,
        resolution=resolution,
        endpoints=endpoints,
        location=draw(_some("MESH_INTERNAL")),
        subjectAltNames=draw(_some(["names.example.com"])),
        exportTo=draw(st.sampled_from(EXPORTS)),
    )


def _number(port: dict[str, Any]) -> Any:
    return port["number"]


@st.composite
def _sidecar(draw: st.DrawFn, known: dict[str, int]) -> dict[str, Any]:
    namespace = draw(st.sampled_from(NAMESPACES))
    hosts = st.sampled_from(("*", "*", *known, "echo.lab.svc.cluster.local", "*.lab.svc.cluster.local"))
    places = st.sampled_from(("*", ".", "lab", "guests", "~."))
    egress = draw(st.lists(st.builds("{}/{}".format, places, hosts), min_size=1, max_size=3, unique=True))
    return _document(
        "Sidecar",
        "networking",
        namespace,
        workloadSelector=draw(_some({"labels": _workload(namespace)})) if namespace != "istio-system" else None,
        egress=[{"hosts": egress}],
        outboundTrafficPolicy=draw(_some({"mode": "REGISTRY_ONLY"}, {"mode": "ALLOW_ANY"})),
        inboundConnectionPool=draw(_some({"http": {"http2MaxRequests": 7}}, {"tcp": {"connectTimeout": "2s"}})),
    )


def _workload(namespace: str) -> dict[str, str]:
    return {"app": "visitor" if namespace == "guests" else "client"}


def _selector(namespace: str) -> st.SearchStrategy[dict[str, Any]]:
    """Empty for everybody."""
    labels = ({"app": "server"}, _workload(namespace)) if namespace != "istio-system" else ()
    return st.sampled_from(({}, *({"matchLabels": one} for one in labels)))


@st.composite
def _gateway(draw: st.DrawFn) -> dict[str, Any]:
    servers = []
    for number, protocol in draw(st.lists(st.sampled_from(((80, "HTTP"), (443, "HTTPS"))), min_size=1, unique=True)):
        tls = draw(st.sampled_from(SECURE) if protocol == "HTTPS" else _some({"httpsRedirect": True}))
        port = {"number": number, "name": protocol.lower(), "protocol": protocol}
        hosts = draw(st.lists(st.sampled_from(SERVED), min_size=1, max_size=2, unique=True))
        servers.append({"port": port, "hosts": hosts} | ({"tls": tls} if tls else {}))
    namespace = draw(st.sampled_from(NAMESPACES))
    return _document("Gateway", "networking", namespace, selector={"istio": "edge"}, servers=servers)


@st.composite
def _peers(draw: st.DrawFn) -> dict[str, Any]:
    namespace = draw(st.sampled_from(NAMESPACES))
    selector = draw(_selector(namespace))
    modes = st.sampled_from([{"mode": mode} for mode in MODES])
    names_port: bool = draw(st.booleans())
    ports = {"8000": draw(modes)} if selector and names_port else {}
    return _document(
        "PeerAuthentication", "security", namespace, selector=selector, mtls=draw(modes), portLevelMtls=ports
    )


@st.composite
def _tokens(draw: st.DrawFn) -> dict[str, Any]:
    parts = {
        "audiences": (["a"], ["a", "b"]),
        "fromHeaders": ([{"name": "x-token"}], [{"name": "authorization", "prefix": "Token "}]),
        "fromParams": (["token"],),
        "fromCookies": (["token"],),
        "forwardOriginalToken": (True, False),
        "outputPayloadToHeader": ("x-payload",),
        "outputClaimToHeaders": ([{"header": "x-sub", "claim": "sub"}], [{"header": "x-role", "claim": "realm.role"}]),
        "spaceDelimitedClaims": (["groups"],),
    }
    namespace = draw(st.sampled_from(NAMESPACES))
    issuers = draw(st.lists(st.sampled_from(("https://issuer.example", "other")), max_size=2))
    rules = [{"issuer": issuer, "jwks": KEYS} | draw(_parts(parts)) for issuer in issuers]
    selector = draw(_selector(namespace))
    return _document("RequestAuthentication", "security", namespace, selector=selector, jwtRules=rules)


@st.composite
def _telemetry(draw: st.DrawFn) -> dict[str, Any]:
    match = tuple({"mode": side} for side in SIDES)
    tags = ({"team": {"literal": {"value": "lab"}}}, {"istio.namespace": {"header": {"name": "x-tenant"}}})
    tracing = {
        "match": match,
        "providers": ([{"name": "spans"}],),
        "randomSamplingPercentage": (0, 12.5, 100),
        "disableSpanReporting": (True, False),
        "customTags": tags,
        "enableIstioTags": (True, False),
        "useRequestIdForTraceSampling": (True, False),
    }
    logging = {
        "match": match,
        "providers": tuple([{"name": name}] for name in PROVIDERS),
        "disabled": (True, False),
        "filter": ({"expression": "response.code >= 400"},),
    }
    namespace = draw(st.sampled_from(NAMESPACES))
    selector = draw(_selector(namespace))
    spans, lines = draw(st.lists(_parts(tracing), max_size=2)), draw(st.lists(_parts(logging), max_size=2))
    return _document("Telemetry", "telemetry", namespace, selector=selector, tracing=spans, accessLogging=lines)


@st.composite
def _routes(draw: st.DrawFn, known: dict[str, int], bound: list[str]) -> dict[str, Any]:
    gateways = draw(_some(bound, [*bound, "mesh"])) if bound else None
    host = draw(st.sampled_from((*known, "shop.example.com", "www.example.com")))
    match = draw(_some([{"port": 8000}], [{"sourceLabels": {"app": "client"}}], [{"uri": {"prefix": "/a"}}]))
    leads_to = draw(st.sampled_from([one for one in known if one != WILDCARD]))
    destination = {"host": leads_to, "port": {"number": known[leads_to]}}
    route = {"route": [{"destination": destination}], "timeout": "3s"} | ({"match": match} if match else {})
    namespace = draw(st.sampled_from(NAMESPACES))
    return _document("VirtualService", "networking", namespace, hosts=[host], http=[route], gateways=gateways)


@st.composite
def _rule(draw: st.DrawFn, known: dict[str, int]) -> dict[str, Any]:
    policy = {
        "tls": ({"mode": "SIMPLE"}, {"mode": "DISABLE"}, {"mode": "ISTIO_MUTUAL"}),
        "connectionPool": ({"http": {"maxRequestsPerConnection": 2}}, {"tcp": {"maxConnections": 5}}),
        "loadBalancer": ({"simple": "RANDOM"}, {"consistentHash": {"httpHeaderName": "x-a"}}),
    }
    return _document(
        "DestinationRule",
        "networking",
        draw(st.sampled_from(NAMESPACES)),
        host=draw(st.sampled_from((*known, "*.example.com", "*.lab.svc.cluster.local"))),
        trafficPolicy=draw(_parts(policy)),
        exportTo=draw(st.sampled_from(EXPORTS)),
    )
