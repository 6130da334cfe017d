"""What a program can call: a virtual host for every service port, found by the `:authority` it dials."""

from collections.abc import Iterator

from envoy.config.core.v3.base_pb2 import DataSource
from envoy.config.route.v3.route_components_pb2 import DirectResponseAction, RouteMatch, VirtualHost
from envoy.config.route.v3.route_components_pb2 import Route as EnvoyRoute
from envoy.config.route.v3.route_pb2 import RouteConfiguration

from loopmesh.compile import names
from loopmesh.compile.index import MeshIndex
from loopmesh.compile.routes.direct_response import allow_bodies
from loopmesh.compile.routes.route import default_route, routing_routes
from loopmesh.compile.routes.scope import RouteScope
from loopmesh.model.application import Port, Service
from loopmesh.model.routing import Routing
from loopmesh.model.topology import Workload

BAD_GATEWAY = 502
HTTP_PORT = 80


def outbound_routes(index: MeshIndex, workload: Workload) -> RouteConfiguration:
    """All routes of a sidecar; the configuration's name is `outbound`."""
    hosts = [_service_host(index, service, port, workload) for service, port in index.service_ports()]
    taken = {domain for host in hosts for domain in host.domains}
    for host in _other_hosts(index, workload):
        if taken.isdisjoint(host.domains):
            hosts.append(host)
            taken.update(host.domains)
    configuration = RouteConfiguration(name=names.OUTBOUND_ROUTES, virtual_hosts=[*hosts, _nowhere()])
    configuration.validate_clusters.value = False
    allow_bodies(configuration)
    return configuration


def service_routes(index: MeshIndex, service: Service, port: Port, workload: Workload) -> list[EnvoyRoute]:
    """The routes of the first policy for the host that has some for the caller; the oldest wins, as in Istio."""
    scope = RouteScope(port=port.number, namespace=workload.namespace, labels=workload.labels)
    for routing in index.sidecar_choice.for_host(service.host):
        if routes := routing_routes(index, routing, scope):
            return routes
    return [default_route(service.host, port.number)]


def _service_host(index: MeshIndex, service: Service, port: Port, workload: Workload) -> VirtualHost:
    return VirtualHost(
        name=f"{service.host}:{port.number}",
        domains=_domains(service, port, workload.namespace),
        routes=service_routes(index, service, port, workload),
        include_request_attempt_count=True,
    )


def _other_hosts(index: MeshIndex, workload: Workload) -> Iterator[VirtualHost]:
    """Hosts of policies that are no services: on port 80, and on the ports of the services beside them (Istio
    `buildSidecarVirtualHostsForVirtualService`)."""
    for routing in index.sidecar_choice.routings:
        others = [host for host in routing.hosts if not index.services_covered(host)]
        for port in _ports_of(index, routing) if others else ():
            scope = RouteScope(port=port, namespace=workload.namespace, labels=workload.labels)
            routes = routing_routes(index, routing, scope)
            for host in others if routes else ():
                yield VirtualHost(
                    name=f"{host}:{port}",
                    domains=[f"{host}:{port}", *([host] if port == HTTP_PORT else [])],
                    routes=routes,
                    include_request_attempt_count=True,
                )


def _ports_of(index: MeshIndex, routing: Routing) -> list[int]:
    services = [service for host in routing.hosts for service in index.services_covered(host)]
    return sorted({HTTP_PORT, *(port.number for service in services for port in service.ports)})


def _domains(service: Service, port: Port, namespace: str) -> list[str]:
    """Every spelling Kubernetes' DNS would resolve from the namespace, with the port dialled.

    All services share one socket, so a name without a port means a service only where that is plain.
    """
    spellings = [service.host, f"{service.name}.{service.namespace}", f"{service.name}.{service.namespace}.svc"]
    if service.namespace == namespace:
        spellings.insert(1, service.name)
    with_port = [f"{spelling}:{port.number}" for spelling in spellings]
    return [*spellings, *with_port] if _is_plain(service, port) else with_port


def _is_plain(service: Service, port: Port) -> bool:
    return len(service.ports) == 1 or port.number == HTTP_PORT


def _nowhere() -> VirtualHost:
    """Istio's answer to an unknown host where only the registry may be called."""
    body = DataSource(inline_string="no service of the mesh has this name and port\n")
    answer = DirectResponseAction(status=BAD_GATEWAY, body=body)
    route = EnvoyRoute(name="block_all", match=RouteMatch(prefix="/"), direct_response=answer)
    return VirtualHost(name="block_all", domains=["*"], routes=[route])
