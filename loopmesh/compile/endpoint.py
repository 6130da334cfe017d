"""Endpoints: the ready instances behind each outbound cluster."""

from collections.abc import Iterator, Mapping
from functools import partial

from envoy.config.core.v3.health_check_pb2 import HEALTHY
from envoy.config.endpoint.v3.endpoint_components_pb2 import Endpoint, LbEndpoint, LocalityLbEndpoints
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment

from loopmesh.compile import names
from loopmesh.compile.added_hosts import assignment as added_assignment
from loopmesh.compile.destinations.client_tls import TLS_MODE
from loopmesh.compile.index import MeshIndex
from loopmesh.compile.peer_mode import peer_mode
from loopmesh.compile.sockets import loopback
from loopmesh.compile.view import View
from loopmesh.model.added_host import AddedHost, Called
from loopmesh.model.application import Port, Service
from loopmesh.model.destinations.client_tls import TlsMode
from loopmesh.model.security import PeerMode
from loopmesh.model.topology import Inbound, Workload


def outbound_endpoints(view: View) -> dict[str, ClusterLoadAssignment]:
    """By cluster name; a cluster without ready instances has an empty assignment."""
    assignments = {}
    for service, port in view.destination_ports():
        if view.looks_up(service):
            continue
        rule = view.destination_rule(service)
        subsets: dict[str, Mapping[str, str]] = {"": {}}
        subsets |= {subset.name: subset.labels for subset in (rule.subsets if rule else ())}
        for subset, labels in subsets.items():
            said = rule.tls_mode(subset, port.number) if rule else None
            key = ("endpoints", id(service), port.number, id(rule), subset)
            assignment = view.index.once(key, partial(_assignment, view.index, service, port, subset, labels, said))
            assignments[assignment.cluster_name] = assignment
    return assignments


def _assignment(
    index: MeshIndex, called: Called, port: Port, subset: str, labels: Mapping[str, str], said: TlsMode | None
) -> ClusterLoadAssignment:
    name = names.outbound_cluster(port.number, subset, called.host)
    if isinstance(called, AddedHost) and called.selector is None:
        if not called.is_known:
            return ClusterLoadAssignment(cluster_name=name)
        return added_assignment(index, name, called, port, labels, said)
    chosen = [one for one in _instances(index, called, port) if labels.items() <= one[0].labels.items()]
    return _of(name, [_endpoint(index, workload, inbound, said) for workload, inbound in chosen])


def plain_assignment(index: MeshIndex, name: str, called: Called, port: Port) -> ClusterLoadAssignment:
    """Every ready instance, without mutual TLS."""
    return _of(name, [_endpoint(index, *one, TlsMode.DISABLE) for one in _instances(index, called, port)])


def _of(name: str, endpoints: list[LbEndpoint]) -> ClusterLoadAssignment:
    assignment = ClusterLoadAssignment(cluster_name=name)
    if endpoints:
        assignment.endpoints.append(LocalityLbEndpoints(lb_endpoints=endpoints))
        assignment.endpoints[0].load_balancing_weight.value = len(endpoints)
    return assignment


def _instances(index: MeshIndex, called: Called, port: Port) -> Iterator[tuple[Workload, Inbound]]:
    """Each ready one with its own port; a selector may mean workloads that have no such port."""
    number, workloads = port.number, []
    if isinstance(called, Service):
        workloads = index.ready_instances(called)
    elif called.selector is not None:
        number, workloads = called.target(port), index.selected(called.selector)
    for workload in workloads:
        for inbound in workload.inbound:
            if inbound.port.number == number:
                yield workload, inbound


def _endpoint(index: MeshIndex, workload: Workload, inbound: Inbound, said: TlsMode | None) -> LbEndpoint:
    """`said` is what the caller's rule says of TLS; without a word the instance's own mode counts (Istio
    `checkMtlsEnabled`)."""
    endpoint = LbEndpoint(endpoint=Endpoint(address=loopback(inbound.listen_port)), health_status=HEALTHY)
    endpoint.load_balancing_weight.value = 1
    endpoint.metadata.filter_metadata["istio"].update({"workload": workload.name})
    takes_mutual = peer_mode(index, workload, inbound.port.number) is not PeerMode.DISABLE
    if takes_mutual if said is None else said is TlsMode.ISTIO_MUTUAL:
        endpoint.metadata.filter_metadata["envoy.transport_socket_match"].update({TLS_MODE: "istio"})
    return endpoint
