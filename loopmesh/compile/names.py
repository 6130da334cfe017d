"""Names of Envoy resources, as Istio gives them (pilot/pkg/model `BuildSubsetKey` and its neighbours)."""

TRACE_CLUSTER = "otlp"
OUTBOUND_ROUTES = "outbound"


def outbound_cluster(port: int, subset: str, host: str) -> str:
    """`outbound|50051|v1|inventory.shop.svc.cluster.local`; no subset is an empty word."""
    return f"outbound|{port}|{subset}|{host}"


def passed_on_cluster(port: int, host: str) -> str:
    """For connections that go where their program was going, as to Istio's one `PassthroughCluster`."""
    return f"passthrough|{port}||{host}"


def in_statistics(name: str) -> str:
    """How a cluster is called in statistics: `;` says where the name ends, for it has dots (Istio
    `DelimitedStatsPrefix`; the bootstrap's `stats_tags` take the name out)."""
    return f"{name};"


def inbound_cluster(port: int) -> str:
    return f"inbound|{port}||"


def server_name(port: int, subset: str, host: str) -> str:
    """The SNI of a mutual TLS connection: `outbound_.50051_.v1_.inventory.shop.svc.cluster.local`."""
    return f"outbound_.{port}_.{subset}_.{host}"


def gateway_routes(port: int) -> str:
    return f"http.{port}"


def secure_gateway_routes(port: int, port_name: str, namespace: str, gateway: str) -> str:
    """Servers that end TLS have routes of their own: `https.443.https.edge.shop`."""
    return f"https.{port}.{port_name}.{gateway}.{namespace}"


def credential(name: str) -> str:
    """A certificate that a gateway shows to the outside."""
    return f"kubernetes://{name}"


def config_path(kind: str, namespace: str, name: str, group: str = "networking.istio.io") -> str:
    """How Istio names the policy behind a piece of configuration in its metadata."""
    words = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in kind).lstrip("-")
    return f"/apis/{group}/v1/namespaces/{namespace}/{words}/{name}"
