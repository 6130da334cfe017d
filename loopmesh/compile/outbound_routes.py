"""What a program can call: a virtual host for every service port, found by the `:authority` it dials."""

from envoy.config.core.v3.base_pb2 import DataSource
from envoy.config.route.v3.route_components_pb2 import DirectResponseAction, RouteMatch, VirtualHost
from envoy.config.route.v3.route_components_pb2 import Route as EnvoyRoute
from envoy.config.route.v3.route_pb2 import RouteConfiguration

from loopmesh.compile import names
from loopmesh.compile.index import MeshIndex, host_matches
from loopmesh.compile.route import default_route, routing_routes
from loopmesh.model.application import Port, Service
from loopmesh.model.routing import MESH_GATEWAY

BAD_GATEWAY = 502
HTTP_PORT = 80


def outbound_routes(index: MeshIndex, namespace: str) -> RouteConfiguration:
    """All routes of the sidecars of a namespace; the configuration's name is `outbound`."""
    hosts = [_virtual_host(index, service, port, namespace) for service, port in index.service_ports()]
    return RouteConfiguration(
        name=names.OUTBOUND_ROUTES, virtual_hosts=[*hosts, _nowhere()], ignore_path_parameters_in_path_matching=True
    )


def service_routes(index: MeshIndex, service: Service, port: Port) -> list[EnvoyRoute]:
    """The routes of the first policy for the host; the oldest wins among several, as in Istio for sidecars."""
    for routing in index.policies.routings:
        if MESH_GATEWAY in routing.gateways and any(host_matches(host, service.host) for host in routing.hosts):
            return list(routing_routes(index, routing))
    return [default_route(service.host, port.number)]


def _virtual_host(index: MeshIndex, service: Service, port: Port, namespace: str) -> VirtualHost:
    return VirtualHost(
        name=f"{service.host}:{port.number}",
        domains=_domains(service, port, namespace),
        routes=service_routes(index, service, port),
        include_request_attempt_count=True,
    )


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
