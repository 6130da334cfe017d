"""Compiles the whole mesh; what many proxies share is made once."""

from collections.abc import Mapping

from google.protobuf.message import Message

from loopmesh.compile import names
from loopmesh.compile.cluster import inbound_cluster, outbound_clusters, trace_cluster
from loopmesh.compile.endpoint import outbound_endpoints
from loopmesh.compile.forward_listener import forward_listener
from loopmesh.compile.gateway_listener import gateway_listener
from loopmesh.compile.gateway_routes import gateway_routes, open_ports
from loopmesh.compile.health_listener import health_listener
from loopmesh.compile.inbound_listener import inbound_listener
from loopmesh.compile.index import MeshIndex
from loopmesh.compile.outbound_listener import outbound_listener
from loopmesh.compile.outbound_routes import outbound_routes
from loopmesh.compile.proxy_config import ProxyConfig
from loopmesh.model.policies import Policies
from loopmesh.model.topology import Topology, Workload


def compile_mesh(topology: Topology, policies: Policies) -> dict[str, ProxyConfig]:
    """The configuration of every workload by its name."""
    index = MeshIndex(topology, policies)
    clusters: dict[str, Message] = dict(outbound_clusters(index))
    if topology.trace_port is not None:
        clusters[names.TRACE_CLUSTER] = trace_cluster(topology.trace_port)
    endpoints = outbound_endpoints(index)
    routes: dict[tuple[object, ...], Message] = {}
    for workload in topology.workloads:
        if (key := _route_key(index, workload)) not in routes:
            routes[key] = outbound_routes(index, workload)
    return {
        workload.name: ProxyConfig(
            clusters=clusters | _inbound_clusters(workload),
            endpoints=endpoints,
            listeners=_listeners(index, workload),
            routes={names.OUTBOUND_ROUTES: routes[_route_key(index, workload)]} | _gateway_routes(index, workload),
        )
        for workload in topology.workloads
    }


def _route_key(index: MeshIndex, workload: Workload) -> tuple[object, ...]:
    """Sidecars with the same key have the same routes."""
    return workload.namespace, index.sidecar_choice.deciding_labels(workload.labels)


def _inbound_clusters(workload: Workload) -> dict[str, Message]:
    clusters = [inbound_cluster(workload, inbound) for inbound in workload.inbound]
    return {cluster.name: cluster for cluster in clusters}


def _listeners(index: MeshIndex, workload: Workload) -> Mapping[str, Message]:
    listeners = [
        *(inbound_listener(index, workload, inbound) for inbound in workload.inbound),
        *(gateway_listener(index, workload, port) for port in open_ports(index, workload)),
        outbound_listener(index, workload),
        health_listener(workload),
        *(
            forward_listener(index, workload, forward)
            for forward in index.topology.forwards
            if forward.workload == workload.name
        ),
    ]
    return {listener.name: listener for listener in listeners if listener is not None}


def _gateway_routes(index: MeshIndex, workload: Workload) -> dict[str, Message]:
    return {
        names.gateway_routes(port): gateway_routes(index, workload, port, servers)
        for port, servers in open_ports(index, workload).items()
    }
