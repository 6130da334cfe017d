"""Connections that go on to the address their program has looked up, for its sidecar has nothing to say about them.

On a cluster that is the service's own address, behind which the system chooses an instance at random. Here it is the
instances, without mutual TLS and without any policy for the service.
"""

from collections.abc import Iterator
from functools import partial

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.endpoint.v3.endpoint_components_pb2 import Endpoint, LbEndpoint, LocalityLbEndpoints
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment

from loopmesh.compile import names
from loopmesh.compile.ads import ADS
from loopmesh.compile.endpoint import plain_assignment
from loopmesh.compile.sockets import loopback
from loopmesh.compile.stream_routes import told_apart_ports
from loopmesh.compile.unknown_hosts import shape_passed_on
from loopmesh.compile.view import View
from loopmesh.model.added_host import AddedHost, Called
from loopmesh.model.application import Port, Service
from loopmesh.model.outbound_policy import UnknownHosts


def passed_on_clusters(view: View) -> dict[str, Cluster]:
    """One for each port that such connections are for."""
    return {
        name: view.index.once(
            (name, view.outbound_policy, view.is_hidden(called)), partial(_cluster, view, name, called, port)
        )
        for name, called, port in _ports(view)
    }


def passed_on_endpoints(view: View) -> dict[str, ClusterLoadAssignment]:
    """The ready instances of the mesh's services."""
    return {
        name: view.index.once(("endpoints", name), partial(plain_assignment, view.index, name, called, port))
        for name, called, port in _ports(view)
        if isinstance(called, Service)
    }


def _ports(view: View) -> Iterator[tuple[str, Called, Port]]:
    if view.outbound_policy.looks_up_names:
        for called, port in (*view.hidden_ports, *told_apart_ports(view)):
            yield names.passed_on_cluster(port.number, called.host), called, port


def _cluster(view: View, name: str, called: Called, port: Port) -> Cluster:
    cluster = Cluster(name=name, lb_policy=Cluster.RANDOM)
    is_looked_up = port.protocol.is_http and view.outbound_policy.unknown_hosts is UnknownHosts.LOOKED_UP
    shape_passed_on(cluster, view.index.policies.settings, limited=not is_looked_up)
    if isinstance(called, Service):
        cluster.type = Cluster.EDS
        cluster.eds_cluster_config.eds_config.CopyFrom(ADS)
        return cluster
    cluster.type = Cluster.STRICT_DNS
    cluster.dns_lookup_family = Cluster.V4_ONLY
    address = called.host if view.is_hidden(called) else _dialled(called)
    endpoint = LbEndpoint(endpoint=Endpoint(address=loopback(port.number, address)))
    cluster.load_assignment.CopyFrom(
        ClusterLoadAssignment(cluster_name=name, endpoints=[LocalityLbEndpoints(lb_endpoints=[endpoint])])
    )
    return cluster


def _dialled(added: AddedHost) -> str:
    """Istio's own DNS answers with the address a policy has given the host, if it has."""
    return added.addresses[0] if added.addresses else added.host
