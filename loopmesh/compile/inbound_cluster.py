"""The program beside a sidecar, as a destination."""

from dataclasses import replace

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.core.v3.address_pb2 import Address
from envoy.config.endpoint.v3.endpoint_components_pb2 import Endpoint, LbEndpoint, LocalityLbEndpoints
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment

from loopmesh.compile import names
from loopmesh.compile.cluster import speak
from loopmesh.compile.destinations.breaker import apply_breaker
from loopmesh.compile.destinations.http_options import http_options
from loopmesh.compile.destinations.mesh_defaults import with_mesh_defaults
from loopmesh.compile.sockets import APPLICATION, loopback, pipe
from loopmesh.compile.view import View
from loopmesh.model.application import Port
from loopmesh.model.destinations.connection_pool import ConnectionPool, Http2Upgrade
from loopmesh.model.topology import Inbound, Workload
from loopmesh.model.traffic import NO_POLICY, TrafficPolicy


def inbound_cluster(view: View, workload: Workload, inbound: Inbound) -> Cluster:
    """Its Unix socket, or its loopback port."""
    name = names.inbound_cluster(inbound.port.number)
    cluster = Cluster(name=name, alt_stat_name=names.in_statistics(name), type=Cluster.STATIC)
    endpoint = LbEndpoint(endpoint=Endpoint(address=_address(workload)))
    cluster.load_assignment.CopyFrom(
        ClusterLoadAssignment(cluster_name=cluster.name, endpoints=[LocalityLbEndpoints(lb_endpoints=[endpoint])])
    )
    policy = _policy(view, workload, inbound.port)
    pool = policy.connection_pool or ConnectionPool()
    apply_breaker(cluster, pool, view.index.policies.settings, policy.retry_budget)
    # What a program speaks is said by its port; Istio, too, upgrades no calls to it.
    speak(cluster, http_options(inbound.port.protocol, replace(pool, http2_upgrade=Http2Upgrade.DEFAULT), None))
    return cluster


def _address(workload: Workload) -> Address:
    if workload.application_port is not None:
        return loopback(workload.application_port)
    address = pipe(APPLICATION)
    address.pipe.ClearField("mode")
    return address


def _policy(view: View, workload: Workload, port: Port) -> TrafficPolicy:
    """The limits of callers hold here, too: those of the rule for all workloads that the sidecar is told with its own
    service, unless its Sidecar says others (Istio `buildInboundCluster`)."""
    rule = view.inbound_rule(workload.host)
    policy = rule.policy.at_port(port.number) if rule else NO_POLICY
    policy = with_mesh_defaults(policy, view.index.policies.settings, port.protocol)
    sidecar = view.index.sidecars.sidecar_of(workload)
    if sidecar is None or sidecar.inbound_pool is None:
        return policy
    return replace(policy, connection_pool=sidecar.inbound_pool)
