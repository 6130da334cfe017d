"""Clusters: the destinations a proxy knows, with their balancing, limits and mutual TLS."""

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.core.v3.config_source_pb2 import V3, AggregatedConfigSource, ConfigSource
from envoy.config.core.v3.protocol_pb2 import Http1ProtocolOptions, Http2ProtocolOptions
from envoy.config.endpoint.v3.endpoint_components_pb2 import Endpoint, LbEndpoint, LocalityLbEndpoints
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from envoy.extensions.upstreams.http.v3.http_protocol_options_pb2 import HttpProtocolOptions
from google.protobuf.struct_pb2 import Struct

from loopmesh.compile import names
from loopmesh.compile.breaker import apply_breaker, connection_options
from loopmesh.compile.index import inherit
from loopmesh.compile.messages import duration, pack
from loopmesh.compile.outlier import apply_outlier_detection
from loopmesh.compile.sockets import APPLICATION, loopback, pipe
from loopmesh.compile.tls import plaintext, upstream_tls
from loopmesh.compile.view import View
from loopmesh.model.application import Port, Protocol, Service
from loopmesh.model.mesh_settings import MeshSettings
from loopmesh.model.topology import Inbound, Workload
from loopmesh.model.traffic import ClientTls, ConnectionPool, LoadBalancing, TrafficPolicy

TLS_MODE = "tlsMode"
ADS = ConfigSource(ads=AggregatedConfigSource(), resource_api_version=V3)
BALANCING = {
    LoadBalancing.LEAST_REQUEST: Cluster.LEAST_REQUEST,
    LoadBalancing.ROUND_ROBIN: Cluster.ROUND_ROBIN,
    LoadBalancing.RANDOM: Cluster.RANDOM,
}
HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def outbound_clusters(view: View) -> dict[str, Cluster]:
    """One per service port, and one more for each of its subsets."""
    clusters = {}
    for service, port in view.service_ports():
        rule = view.destination_rule(service)
        whole = rule.policy if rule else TrafficPolicy()
        policies = {"": whole}
        policies |= {subset.name: inherit(whole, subset.policy) for subset in (rule.subsets if rule else ())}
        for subset, policy in policies.items():
            cluster = _outbound(view.index.policies.settings, service, port, subset, policy)
            if rule:
                _name_policy(cluster, rule.source.policy.namespace, rule.source.policy.name, subset)
            clusters[cluster.name] = cluster
    return clusters


def _outbound(settings: MeshSettings, service: Service, port: Port, subset: str, policy: TrafficPolicy) -> Cluster:
    cluster = Cluster(
        name=names.outbound_cluster(port.number, subset, service.host),
        type=Cluster.EDS,
        eds_cluster_config=Cluster.EdsClusterConfig(eds_config=ADS),
        lb_policy=BALANCING[policy.load_balancing or LoadBalancing.LEAST_REQUEST],
    )
    # Instances that answer nothing are not called, however few are left (Istio's default for Kubernetes).
    cluster.common_lb_config.healthy_panic_threshold.value = 0
    pool = policy.connection_pool or ConnectionPool()
    apply_breaker(cluster, pool, settings)
    if port.protocol.is_http:
        _speak(cluster, port, pool)
    if policy.outlier_detection is not None:
        apply_outlier_detection(cluster, policy.outlier_detection)
    _secure(cluster, service, port, subset, policy.tls or _unsaid(settings))
    return cluster


def _unsaid(settings: MeshSettings) -> ClientTls | None:
    """Without auto mTLS a caller speaks plaintext wherever no policy says otherwise."""
    return None if settings.auto_mutual_tls else ClientTls.DISABLE


def _secure(cluster: Cluster, service: Service, port: Port, subset: str, tls: ClientTls | None) -> None:
    if tls is ClientTls.DISABLE:
        return
    name = names.server_name(port.number, subset, service.host)
    mutual = upstream_tls(service.identity, name, http2=port.protocol.is_http2)
    if tls is ClientTls.ISTIO_MUTUAL:
        cluster.transport_socket.CopyFrom(mutual)
        return
    # Without a word from the policy each instance is met as it wants to be (Istio's auto mTLS).
    accepts = Struct()
    accepts.update({TLS_MODE: "istio"})
    match = Cluster.TransportSocketMatch
    cluster.transport_socket_matches.append(match(name="tlsMode-istio", match=accepts, transport_socket=mutual))
    cluster.transport_socket_matches.append(match(name="tlsMode-disabled", transport_socket=plaintext()))


def _speak(cluster: Cluster, port: Port, pool: ConnectionPool) -> None:
    explicit = HttpProtocolOptions.ExplicitHttpConfig(http2_protocol_options=Http2ProtocolOptions())
    if not port.protocol.is_http2:
        explicit = HttpProtocolOptions.ExplicitHttpConfig(http_protocol_options=Http1ProtocolOptions())
    options = HttpProtocolOptions(common_http_protocol_options=connection_options(pool), explicit_http_config=explicit)
    cluster.typed_extension_protocol_options[HTTP_OPTIONS].CopyFrom(pack(options))


def _name_policy(cluster: Cluster, namespace: str, name: str, subset: str) -> None:
    said = {"config": names.config_path("DestinationRule", namespace, name)}
    if subset:
        said["subset"] = subset
    cluster.metadata.filter_metadata["istio"].update(said)


def inbound_cluster(workload: Workload, inbound: Inbound, settings: MeshSettings) -> Cluster:
    """The program beside the sidecar: its Unix socket, or its loopback port."""
    address = pipe(APPLICATION)
    if workload.application_port is not None:
        address = loopback(workload.application_port)
    else:
        address.pipe.ClearField("mode")
    cluster = Cluster(name=names.inbound_cluster(inbound.port.number), type=Cluster.STATIC)
    endpoint = LbEndpoint(endpoint=Endpoint(address=address))
    cluster.load_assignment.CopyFrom(
        ClusterLoadAssignment(cluster_name=cluster.name, endpoints=[LocalityLbEndpoints(lb_endpoints=[endpoint])])
    )
    apply_breaker(cluster, ConnectionPool(), settings)
    if inbound.port.protocol.is_http:
        _speak(cluster, inbound.port, ConnectionPool())
    return cluster


def trace_cluster(port: int) -> Cluster:
    """Where spans go: OTLP over gRPC on loopback."""
    cluster = Cluster(name=names.TRACE_CLUSTER, type=Cluster.STATIC, connect_timeout=duration(1_000))
    endpoint = LbEndpoint(endpoint=Endpoint(address=loopback(port)))
    cluster.load_assignment.CopyFrom(
        ClusterLoadAssignment(cluster_name=cluster.name, endpoints=[LocalityLbEndpoints(lb_endpoints=[endpoint])])
    )
    _speak(cluster, Port(name="grpc", number=port, protocol=Protocol.GRPC), ConnectionPool())
    return cluster
