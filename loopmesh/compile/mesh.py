"""Compiles the whole mesh; what many proxies share is made once."""

from collections.abc import Mapping

from google.protobuf.message import Message

from loopmesh.compile import names
from loopmesh.compile.cluster import outbound_clusters, trace_cluster
from loopmesh.compile.credentials import client_secrets
from loopmesh.compile.endpoint import outbound_endpoints
from loopmesh.compile.forward_listener import forward_listener
from loopmesh.compile.gateway_listener import gateway_listener
from loopmesh.compile.gateway_routes import gateway_routes
from loopmesh.compile.gateway_servers import open_ports, servers_by_routes
from loopmesh.compile.gateway_tls import gateway_secrets
from loopmesh.compile.health_listener import health_listener
from loopmesh.compile.inbound_cluster import inbound_cluster
from loopmesh.compile.inbound_listener import inbound_listener
from loopmesh.compile.index import MeshIndex
from loopmesh.compile.outbound_listener import outbound_listener
from loopmesh.compile.outbound_routes import outbound_routes
from loopmesh.compile.passed_on import passed_on_clusters, passed_on_endpoints
from loopmesh.compile.patch import Patcher
from loopmesh.compile.proxy_config import ProxyConfig
from loopmesh.compile.tcp_listener import tcp_listeners
from loopmesh.compile.unknown_hosts import unknown_host_clusters
from loopmesh.compile.view import View, views
from loopmesh.model.policies import Policies
from loopmesh.model.topology import Topology, Workload


def compile_mesh(topology: Topology, policies: Policies) -> dict[str, ProxyConfig]:
    """The configuration of every workload by its name."""
    index = MeshIndex(topology, policies)
    seen = views(index)
    shared = {view: _shared(view) for view in dict.fromkeys(seen.values())}
    patcher = Patcher(policies)
    return {
        workload.name: patcher.apply(
            workload, _proxy_config(seen[workload.name], shared[seen[workload.name]], workload)
        )
        for workload in topology.workloads
    }


def outside_secrets(topology: Topology, policies: Policies, workload: Workload) -> Mapping[str, Message]:
    """The certificates a workload shows to the outside and trusts there, whoever compiles the rest."""
    index = MeshIndex(topology, policies)
    return {**gateway_secrets(index, workload), **client_secrets(index, workload)}


def _shared(view: View) -> ProxyConfig:
    """What all proxies with the same view have."""
    unknown = unknown_host_clusters(view.outbound_policy, view.index.policies.settings)
    clusters: dict[str, Message] = {**outbound_clusters(view), **unknown, **passed_on_clusters(view)}
    trace_port = view.index.topology.trace_port
    if trace_port is not None:
        clusters[names.TRACE_CLUSTER] = trace_cluster(trace_port)
    return ProxyConfig(
        clusters=clusters,
        endpoints={**outbound_endpoints(view), **passed_on_endpoints(view)},
        listeners={},
        routes={names.OUTBOUND_ROUTES: outbound_routes(view)},
    )


def _proxy_config(view: View, shared: ProxyConfig, workload: Workload) -> ProxyConfig:
    return ProxyConfig(
        clusters={**shared.clusters, **_inbound_clusters(view, workload)},
        endpoints=shared.endpoints,
        listeners=_listeners(view, workload),
        routes={**shared.routes, **_gateway_routes(view, workload)},
        secrets={**gateway_secrets(view.index, workload), **client_secrets(view.index, workload)},
    )


def _inbound_clusters(view: View, workload: Workload) -> dict[str, Message]:
    clusters = [inbound_cluster(view, workload, inbound) for inbound in workload.inbound]
    return {cluster.name: cluster for cluster in clusters}


def _listeners(view: View, workload: Workload) -> Mapping[str, Message]:
    index = view.index
    listeners = [
        *(inbound_listener(index, workload, inbound) for inbound in workload.inbound),
        *(gateway_listener(view, workload, port, servers) for port, servers in open_ports(index, workload).items()),
        outbound_listener(view, workload),
        *tcp_listeners(view, workload),
        health_listener(index.policies.settings, workload),
        *(
            forward_listener(view, workload, forward)
            for forward in index.topology.forwards
            if forward.workload == workload.name
        ),
    ]
    return {listener.name: listener for listener in listeners if listener is not None}


def _gateway_routes(view: View, workload: Workload) -> dict[str, Message]:
    return {
        name: gateway_routes(view, workload, name, servers)
        for name, servers in servers_by_routes(view.index, workload).items()
    }
