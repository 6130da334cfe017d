"""Endpoints: the ready instances behind each outbound cluster."""

from collections.abc import Mapping

from envoy.config.core.v3.health_check_pb2 import HEALTHY
from envoy.config.endpoint.v3.endpoint_components_pb2 import Endpoint, LbEndpoint, LocalityLbEndpoints
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment

from loopmesh.compile import names
from loopmesh.compile.destinations.client_tls import TLS_MODE
from loopmesh.compile.index import MeshIndex
from loopmesh.compile.peer_mode import peer_mode
from loopmesh.compile.sockets import loopback
from loopmesh.compile.view import View
from loopmesh.model.application import Port, Service
from loopmesh.model.security import PeerMode
from loopmesh.model.topology import Workload


def outbound_endpoints(view: View) -> dict[str, ClusterLoadAssignment]:
    """By cluster name; a cluster without ready instances has an empty assignment."""
    assignments = {}
    for service, port in view.destination_ports():
        rule = view.destination_rule(service)
        subsets: dict[str, Mapping[str, str]] = {"": {}}
        subsets |= {subset.name: subset.labels for subset in (rule.subsets if rule else ())}
        for subset, labels in subsets.items():
            assignment = _assignment(view.index, service, port, subset, labels)
            assignments[assignment.cluster_name] = assignment
    return assignments


def _assignment(
    index: MeshIndex, service: Service, port: Port, subset: str, labels: Mapping[str, str]
) -> ClusterLoadAssignment:
    chosen = [w for w in index.ready_instances(service) if labels.items() <= w.labels.items()]
    assignment = ClusterLoadAssignment(cluster_name=names.outbound_cluster(port.number, subset, service.host))
    if chosen:
        endpoints = [_endpoint(index, workload, port) for workload in chosen]
        assignment.endpoints.append(LocalityLbEndpoints(lb_endpoints=endpoints))
        assignment.endpoints[0].load_balancing_weight.value = len(endpoints)
    return assignment


def _endpoint(index: MeshIndex, workload: Workload, port: Port) -> LbEndpoint:
    listen_port = next(inbound.listen_port for inbound in workload.inbound if inbound.port.number == port.number)
    endpoint = LbEndpoint(endpoint=Endpoint(address=loopback(listen_port)), health_status=HEALTHY)
    endpoint.load_balancing_weight.value = 1
    endpoint.metadata.filter_metadata["istio"].update({"workload": workload.name})
    if peer_mode(index.policies, workload, port.number) is not PeerMode.DISABLE:
        endpoint.metadata.filter_metadata["envoy.transport_socket_match"].update({TLS_MODE: "istio"})
    return endpoint
