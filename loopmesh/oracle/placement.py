"""From a cluster's addresses to this machine's: the only changes made to what Istio generates.

On a cluster iptables hands a proxy every connection of its pod, and the proxy asks the kernel where each was going.
Here nothing is redirected, so each listener opens where its connections come from: inbound at the workload's own
loopback address, with the ports Istio knows; outbound on the Unix sockets and loopback ports of the program.
"""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.core.v3.base_pb2 import INBOUND
from envoy.config.core.v3.base_pb2 import OUTBOUND as OUTBOUND_DIRECTION
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_pb2 import RouteConfiguration

from loopmesh.model.topology import LOOPBACK, Topology, Workload, WorkloadKind
from loopmesh.oracle.addresses import APPLICATION, OUTBOUND, outbound_socket, pipe, tcp
from loopmesh.oracle.connection_managers import takes_requests
from loopmesh.oracle.dialled import EVERYWHERE, Dialled
from loopmesh.oracle.edge_rules import decide_ports
from loopmesh.oracle.generator import ProxyResources
from loopmesh.oracle.host_addresses import HostAddresses
from loopmesh.oracle.outbound import forward_listener, forward_name, names_with_port, switch, to_socket
from loopmesh.oracle.outside import (
    PASSED_ON,
    VIRTUAL_OUTBOUND,
    look_up_called_names,
    look_up_name,
    unknown_hosts_cluster,
)
from loopmesh.oracle.passed_on import HiddenPort, PassedOn, hidden_ports
from loopmesh.oracle.secrets import ask_as_here
from loopmesh.oracle.spans import RECEIVER, receiver, send_spans_here
from loopmesh.oracle.stream_ways import Ways, open_at

ORIGINAL_DESTINATION = "envoy.filters.listener.original_dst"
VIRTUAL_INBOUND = "virtualInbound"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """`addresses` are the sidecars' by workload name, `host_addresses` those of hosts that policies add;
    `sampling_percent` holds where no policy names a collector."""

    topology: Topology
    addresses: Mapping[str, str]
    host_addresses: HostAddresses
    sampling_percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedResources:
    """What one proxy of this machine gets, by name."""

    clusters: Mapping[str, Cluster]
    endpoints: Mapping[str, ClusterLoadAssignment]
    listeners: Mapping[str, Listener]
    routes: Mapping[str, RouteConfiguration]


def place_resources(placement: Placement, workload: Workload, found: ProxyResources) -> PlacedResources:
    """Changes the messages it is given."""
    topology = placement.topology
    outside = _outside(placement, found)
    for route in found.routes:
        outside.passed_on.lead_requests(route, outside.hidden_at(route.name), workload.namespace)
    listeners = {listener.name: listener for listener in _listeners(placement, workload, found, outside)}
    sockets = {listener.address.pipe.path for listener in listeners.values()} - {"", OUTBOUND}
    forwards = [one for one in topology.forwards if one.workload == workload.name]
    for forward in forwards:
        if forward_name(forward) not in listeners:
            sockets.add(OUTBOUND)
            listeners[forward_name(forward)] = forward_listener(forward)
    clusters = {cluster.name: _cluster(cluster, workload) for cluster in found.clusters}
    if topology.trace_port is not None:
        clusters[RECEIVER] = receiver(topology.trace_port)
    # A gateway's connections were never going anywhere else, so there is nothing to look up for them.
    is_sidecar = workload.kind is WorkloadKind.SIDECAR
    called = {name for name, cluster in clusters.items() if is_sidecar and look_up_name(cluster)}
    if outside.cluster == PASSED_ON or called - {PASSED_ON}:
        for listener in listeners.values():
            if listener.traffic_direction == OUTBOUND_DIRECTION:
                look_up_called_names(listener)
    endpoints = {one.cluster_name: _only_ready(placement, one) for one in found.endpoints}
    return PlacedResources(
        clusters=clusters | outside.passed_on.clusters | {name: to_socket(name) for name in sockets},
        endpoints=endpoints | outside.passed_on.endpoints,
        listeners=listeners,
        routes={route.name: route for route in found.routes},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outside:
    """What Istio's listeners say nothing of: the `cluster` connections go to then, and if that hands them on, the
    `hidden` HTTP ports of the mesh."""

    cluster: str
    hidden: tuple[HiddenPort, ...]
    passed_on: PassedOn

    def hidden_at(self, routes: str) -> list[HiddenPort]:
        """By the name of Istio's routes for the port."""
        return [one for one in self.hidden if routes == f"{one[1].number}"]

    def hidden_elsewhere(self, ports: Container[int]) -> list[HiddenPort]:
        return [one for one in self.hidden if one[1].number not in ports]


def _outside(placement: Placement, found: ProxyResources) -> _Outside:
    cluster = unknown_hosts_cluster(found.listeners)
    # A patch may have taken the cluster away.
    passes_on = cluster == PASSED_ON and any(one.name == PASSED_ON for one in found.clusters)
    return _Outside(
        cluster=cluster,
        hidden=tuple(hidden_ports(placement.topology, found.routes)) if passes_on else (),
        passed_on=PassedOn(placement.topology, placement.addresses, found.clusters),
    )


def _listeners(
    placement: Placement, workload: Workload, found: ProxyResources, outside: _Outside
) -> Iterator[Listener]:
    outbound: dict[int, Listener] = {}
    dialled = Dialled(placement.topology, workload, placement.host_addresses)
    ways = Ways(dialled=dialled, addresses=placement.host_addresses, passed_on=outside.passed_on)
    # A host at an address of its own is dialled there rather than in a range, which it shares.
    for listener in sorted(found.listeners, key=lambda one: one.address.socket_address.address == EVERYWHERE):
        for chain in [*listener.filter_chains, listener.default_filter_chain]:
            ask_as_here(chain.transport_socket)
        if placement.topology.trace_port is not None:
            send_spans_here(listener, workload, placement.sampling_percent)
        port = listener.address.socket_address.port_value
        if workload.kind is WorkloadKind.GATEWAY:
            for chain in listener.filter_chains:
                decide_ports(chain, port)
            yield open_at(listener, tcp(LOOPBACK, placement.topology.edge_ports[workload.service, port]))
            continue
        if listener.name == VIRTUAL_INBOUND:
            if workload.inbound:
                yield _inbound(listener, workload, placement.addresses[workload.name])
            continue
        yield from ways.through(listener)
        if _is_outbound(listener) and takes_requests(listener):
            outbound[port] = listener
        if listener.name == VIRTUAL_OUTBOUND and outside.cluster == PASSED_ON:
            yield from ways.past(listener, dialled.others(found.listeners, found.routes))
    # To Istio a gateway makes no calls of its own.
    if workload.kind is WorkloadKind.SIDECAR:
        yield from _on_sockets(placement, outbound, workload, outside)


def _is_outbound(listener: Listener) -> bool:
    address: str = listener.address.socket_address.address
    return listener.name != VIRTUAL_OUTBOUND and address == EVERYWHERE


def _inbound(listener: Listener, workload: Workload, address: str) -> Listener:
    """All ports of a pod are one listener to Istio, told apart by the port a connection came to."""
    listener.ClearField("use_original_dst")
    kept = [one for one in listener.listener_filters if one.name != ORIGINAL_DESTINATION]
    del listener.listener_filters[:]
    listener.listener_filters.extend(kept)
    listener.traffic_direction = INBOUND
    return open_at(listener, *(tcp(address, inbound.port.number) for inbound in workload.inbound))


def _on_sockets(
    placement: Placement, outbound: Mapping[int, Listener], workload: Workload, outside: _Outside
) -> Iterator[Listener]:
    """A single one takes the program's socket itself; several stand behind a switch that looks at `:authority`."""
    elsewhere = outside.hidden_elsewhere(outbound)
    if len(outbound) == 1 and not elsewhere:
        yield from (open_at(listener, pipe(OUTBOUND)) for listener in outbound.values())
        return
    yield from (open_at(listener, pipe(outbound_socket(port))) for port, listener in outbound.items())
    clusters = {
        outside.passed_on.request_cluster(service, port): names_with_port(service, port, workload.namespace)
        for service, port in elsewhere
    }
    yield switch(placement.topology.application, workload.namespace, outbound, clusters, outside.cluster)


def _cluster(cluster: Cluster, workload: Workload) -> Cluster:
    ask_as_here(cluster.transport_socket)
    for match in cluster.transport_socket_matches:
        ask_as_here(match.transport_socket)
    if cluster.name in {f"inbound|{inbound.port.number}||" for inbound in workload.inbound}:
        _to_program(cluster, workload)
    return cluster


def _to_program(cluster: Cluster, workload: Workload) -> None:
    """The program is where loopmesh started it, not where a connection was going."""
    port = workload.application_port
    address = pipe(APPLICATION) if port is None else tcp(LOOPBACK, port)
    cluster.type = Cluster.STATIC
    for field in ("cleanup_interval", "upstream_bind_config", "original_dst_lb_config"):
        cluster.ClearField(field)
    if cluster.lb_policy == Cluster.CLUSTER_PROVIDED:
        cluster.ClearField("lb_policy")
    cluster.load_assignment.cluster_name = cluster.name
    cluster.load_assignment.endpoints.add().lb_endpoints.add().endpoint.address.CopyFrom(address)


def _only_ready(placement: Placement, assignment: ClusterLoadAssignment) -> ClusterLoadAssignment:
    """Istio reads readiness from a pod; an instance here is called once loopmesh has found it ready."""
    topology = placement.topology
    waiting = {address for name, address in placement.addresses.items() if name not in topology.ready}
    for locality in assignment.endpoints:
        ready = [one for one in locality.lb_endpoints if one.endpoint.address.socket_address.address not in waiting]
        del locality.lb_endpoints[:]
        locality.lb_endpoints.extend(ready)
        locality.load_balancing_weight.value = sum(one.load_balancing_weight.value for one in ready)
    answering = [locality for locality in assignment.endpoints if locality.lb_endpoints]
    del assignment.endpoints[:]
    assignment.endpoints.extend(answering)
    return assignment
