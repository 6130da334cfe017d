"""From a cluster's addresses to this machine's: the only changes made to what Istio generates.

On a cluster iptables hands a proxy every connection of its pod, and the proxy asks the kernel where each was going.
Here nothing is redirected, so each listener opens where its connections come from: inbound at the workload's own
loopback address, with the ports Istio knows; outbound on the Unix sockets and loopback ports of the program.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.core.v3.address_pb2 import Address
from envoy.config.core.v3.base_pb2 import INBOUND
from envoy.config.core.v3.base_pb2 import OUTBOUND as OUTBOUND_DIRECTION
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from envoy.config.listener.v3.listener_pb2 import AdditionalAddress, Listener
from envoy.config.route.v3.route_pb2 import RouteConfiguration

from loopmesh.model.topology import LOOPBACK, Forward, Topology, Workload, WorkloadKind
from loopmesh.oracle.addresses import APPLICATION, OUTBOUND, outbound_socket, pipe, tcp
from loopmesh.oracle.dialled import Dialled
from loopmesh.oracle.edge_rules import decide_ports
from loopmesh.oracle.generator import ProxyResources
from loopmesh.oracle.outbound import forward_listener, forward_name, switch, to_socket
from loopmesh.oracle.outside import (
    PASSED_ON,
    VIRTUAL_OUTBOUND,
    look_up_called_names,
    look_up_name,
    unknown_hosts_cluster,
)
from loopmesh.oracle.secrets import ask_as_here
from loopmesh.oracle.spans import RECEIVER, receiver, send_spans_here

ORIGINAL_DESTINATION = "envoy.filters.listener.original_dst"
VIRTUAL_INBOUND = "virtualInbound"
EVERYWHERE = "0.0.0.0"  # noqa: S104 # Istio's spelling, compared with


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """`addresses` are the sidecars' by workload name; `sampling_percent` holds where no policy names a collector."""

    topology: Topology
    addresses: Mapping[str, str]
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
    unknown = unknown_hosts_cluster(found.listeners)
    listeners = {listener.name: listener for listener in _listeners(placement, workload, found, unknown)}
    sockets = {listener.address.pipe.path for listener in listeners.values()} - {"", OUTBOUND}
    forwards = [one for one in placement.topology.forwards if one.workload == workload.name]
    for forward in forwards:
        if forward_name(forward) not in listeners:
            sockets.add(OUTBOUND)
            listeners[forward_name(forward)] = forward_listener(forward)
    clusters = {cluster.name: _cluster(cluster, workload) for cluster in found.clusters}
    if placement.topology.trace_port is not None:
        clusters[RECEIVER] = receiver(placement.topology.trace_port)
    called = {name for name, cluster in clusters.items() if look_up_name(cluster)}
    if unknown == PASSED_ON or called - {PASSED_ON}:
        for listener in listeners.values():
            if listener.traffic_direction == OUTBOUND_DIRECTION:
                look_up_called_names(listener)
    return PlacedResources(
        clusters=clusters | {name: to_socket(name) for name in sockets},
        endpoints={one.cluster_name: _only_ready(placement, one) for one in found.endpoints},
        listeners=listeners,
        routes={route.name: route for route in found.routes},
    )


def _listeners(placement: Placement, workload: Workload, found: ProxyResources, unknown: str) -> Iterator[Listener]:
    outbound: dict[int, Listener] = {}
    dialled = Dialled(placement.topology, workload)
    for listener in found.listeners:
        for chain in [*listener.filter_chains, listener.default_filter_chain]:
            ask_as_here(chain.transport_socket)
        if placement.topology.trace_port is not None:
            send_spans_here(listener, workload, placement.sampling_percent)
        port = listener.address.socket_address.port_value
        if workload.kind is WorkloadKind.GATEWAY:
            for chain in listener.filter_chains:
                decide_ports(chain, port)
            yield _at(listener, tcp(LOOPBACK, placement.topology.edge_ports[workload.service, port]))
            continue
        if listener.name == VIRTUAL_INBOUND:
            if workload.inbound:
                yield _inbound(listener, workload, placement.addresses[workload.name])
            continue
        yield from (_forwarded(listener, forward) for forward in dialled.forwards(listener))
        if addresses := dialled.addresses(listener):
            yield _at(listener, *addresses)
        elif _is_outbound(listener):
            outbound[port] = listener
    # To Istio a gateway makes no calls of its own.
    if workload.kind is WorkloadKind.SIDECAR:
        yield from _on_sockets(placement, outbound, unknown)


def _forwarded(listener: Listener, forward: Forward) -> Listener:
    """One more way to what is no HTTP."""
    found = Listener()
    found.CopyFrom(listener)
    found.name = forward_name(forward)
    return _at(found, tcp(forward.listen_address, forward.listen_port))


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
    return _at(listener, *(tcp(address, inbound.port.number) for inbound in workload.inbound))


def _on_sockets(placement: Placement, outbound: Mapping[int, Listener], unknown: str) -> Iterator[Listener]:
    """A single one takes the program's socket itself; several stand behind a switch that looks at `:authority`."""
    if len(outbound) == 1:
        yield from (_at(listener, pipe(OUTBOUND)) for listener in outbound.values())
        return
    yield from (_at(listener, pipe(outbound_socket(port))) for port, listener in outbound.items())
    yield switch(placement.topology.application, outbound, unknown)


def _at(listener: Listener, first: Address, *others: Address) -> Listener:
    listener.address.CopyFrom(first)
    listener.additional_addresses.extend(AdditionalAddress(address=one) for one in others)
    listener.ClearField("bind_to_port")
    return listener


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
    for field in ("lb_policy", "cleanup_interval", "upstream_bind_config", "original_dst_lb_config"):
        cluster.ClearField(field)
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
