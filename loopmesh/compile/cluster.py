"""Clusters: the destinations a proxy knows, with their balancing, limits and mutual TLS."""

from collections.abc import Iterator
from functools import partial

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.endpoint.v3.endpoint_components_pb2 import Endpoint, LbEndpoint, LocalityLbEndpoints
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from envoy.extensions.upstreams.http.v3.http_protocol_options_pb2 import HttpProtocolOptions

from loopmesh.compile import names
from loopmesh.compile.added_hosts import look_up
from loopmesh.compile.ads import ADS
from loopmesh.compile.destinations.balancing import apply_balancing
from loopmesh.compile.destinations.breaker import apply_breaker
from loopmesh.compile.destinations.client_tls import secure
from loopmesh.compile.destinations.http_options import NAME as HTTP_OPTIONS
from loopmesh.compile.destinations.http_options import PLAIN_HTTP, http_options, is_http2
from loopmesh.compile.destinations.mesh_defaults import with_mesh_defaults
from loopmesh.compile.destinations.outlier import apply_outlier_detection
from loopmesh.compile.destinations.verification import verification_of, verification_of_called
from loopmesh.compile.messages import duration, pack
from loopmesh.compile.origin import ISTIO, name_rule, name_setting
from loopmesh.compile.peers import client_tls, peer_identities
from loopmesh.compile.sockets import loopback
from loopmesh.compile.view import View
from loopmesh.model.added_host import AddedHost, Called
from loopmesh.model.application import Port, Protocol
from loopmesh.model.destinations.balancing import Balancing
from loopmesh.model.destinations.connection_pool import ConnectionPool
from loopmesh.model.setting import Setting
from loopmesh.model.traffic import NO_POLICY, DestinationRule, TrafficPolicy


def outbound_clusters(view: View) -> dict[str, Cluster]:
    """One per service port, and one more for each of its subsets."""
    clusters = {}
    for service, port in view.destination_ports():
        rule = view.destination_rule(service)
        for subset, policy in subset_policies(rule, port.number):
            key = ("cluster", id(service), view.looks_up(service), port.number, id(rule), subset)
            cluster = view.index.once(key, partial(_outbound, view, service, port, rule, subset, policy))
            clusters[cluster.name] = cluster
    return clusters


def subset_policies(rule: DestinationRule | None, port: int) -> Iterator[tuple[str, TrafficPolicy]]:
    """By the name of the subset; the empty name is the whole service."""
    yield "", rule.policy.at_port(port) if rule else NO_POLICY
    for subset in rule.subsets if rule else ():
        yield subset.name, rule.policy.refined(subset.policy, port) if rule else NO_POLICY


def _outbound(
    view: View, called: Called, port: Port, rule: DestinationRule | None, subset: str, policy: TrafficPolicy
) -> Cluster:
    name = names.outbound_cluster(port.number, subset, called.host)
    cluster = Cluster(name=name, alt_stat_name=names.in_statistics(name))
    settings = view.index.policies.settings
    policy = with_mesh_defaults(policy, settings, port.protocol)
    pool = policy.connection_pool or ConnectionPool()
    if not _is_called_name(called):
        # Instances that answer nothing are not called, however few are left (Istio's default for Kubernetes).
        cluster.common_lb_config.healthy_panic_threshold.value = 0
    balancing = policy.balancing if _chooses(view, called) else None
    apply_balancing(cluster, balancing or Balancing())
    if balancing is not None and balancing.goes_on:
        # Left to a gateway only, whose connections have nowhere to go on to.
        cluster.type = Cluster.ORIGINAL_DST
    else:
        _find_instances(view, cluster, called, port, rule, subset)
    apply_breaker(cluster, pool, settings, policy.retry_budget)
    if policy.outlier_detection is not None:
        apply_outlier_detection(cluster, policy.outlier_detection)
    _meet(view, cluster, called, port, subset, policy)
    if rule:
        _name_rule(cluster, rule, subset)
    for setting, source in (
        (Setting.ADDED_HOST, called.source if isinstance(called, AddedHost) else None),
        (Setting.BALANCING, balancing.source if balancing else None),
        (Setting.LIMITS, pool.source or (policy.retry_budget.source if policy.retry_budget else None)),
        (Setting.EJECTION, policy.outlier_detection.source if policy.outlier_detection else None),
    ):
        if source is not None:
            name_setting(cluster.metadata, setting, source)
    return cluster


def _meet(view: View, cluster: Cluster, called: Called, port: Port, subset: str, policy: TrafficPolicy) -> None:
    """Which HTTP is spoken, and with whom; what is looked up as it is called has no server name of the mesh."""
    pool = policy.connection_pool or ConnectionPool()
    identities = peer_identities(view, called)
    tls = client_tls(view.index, policy.tls, called, identities)
    is_called_name = _is_called_name(called)
    verification = verification_of_called(tls) if is_called_name else verification_of(policy.tls)
    options = http_options(port.protocol, pool, verification)
    # Without any Envoy itself asks for the name that is called, and for a certificate of it.
    leaves_it_to_envoy = is_called_name and options == PLAIN_HTTP
    speak(cluster, None if leaves_it_to_envoy else options)
    secure(
        cluster,
        tls,
        identities=identities,
        server_name="" if is_called_name else names.server_name(port.number, subset, called.host),
        http2=is_http2(port.protocol, pool),
    )


def _is_called_name(called: Called) -> bool:
    return isinstance(called, AddedHost) and called.has_no_instances


def _chooses(view: View, called: Called) -> bool:
    """Whether the proxy chooses an instance; a gateway would, of a host whose connections go on (Istio
    `convertResolution`, `applyLoadBalancer`)."""
    return not isinstance(called, AddedHost) or called.is_balanced or not view.looks_up(called)


def _find_instances(
    view: View, cluster: Cluster, called: Called, port: Port, rule: DestinationRule | None, subset: str
) -> None:
    if isinstance(called, AddedHost) and view.looks_up(called):
        labels = rule.subset_labels(subset) if rule else {}
        look_up(view.index, cluster, called, port, labels, rule.tls_mode(subset, port.number) if rule else None)
        return
    cluster.type = Cluster.EDS
    cluster.eds_cluster_config.eds_config.CopyFrom(ADS)


def speak(cluster: Cluster, options: HttpProtocolOptions | None) -> None:
    """Sets what HTTP is spoken, if any."""
    if options is not None:
        cluster.typed_extension_protocol_options[HTTP_OPTIONS].CopyFrom(pack(options))


def _name_rule(cluster: Cluster, rule: DestinationRule, subset: str) -> None:
    name_rule(cluster.metadata, next((one.source for one in rule.subsets if one.name == subset), rule.source))
    if subset:
        cluster.metadata.filter_metadata[ISTIO].update({"subset": subset})


def trace_cluster(port: int) -> Cluster:
    """Where spans go: OTLP over gRPC on loopback."""
    cluster = Cluster(name=names.TRACE_CLUSTER, type=Cluster.STATIC, connect_timeout=duration(1_000))
    endpoint = LbEndpoint(endpoint=Endpoint(address=loopback(port)))
    cluster.load_assignment.CopyFrom(
        ClusterLoadAssignment(cluster_name=cluster.name, endpoints=[LocalityLbEndpoints(lb_endpoints=[endpoint])])
    )
    speak(cluster, http_options(Protocol.GRPC, ConnectionPool(), None))
    return cluster
