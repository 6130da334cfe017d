"""What a program can call: a virtual host for every service port, found by the `:authority` it dials."""

from collections.abc import Iterator

from envoy.config.route.v3.route_components_pb2 import Route as EnvoyRoute
from envoy.config.route.v3.route_components_pb2 import VirtualHost
from envoy.config.route.v3.route_pb2 import RouteConfiguration

from loopmesh.compile import names
from loopmesh.compile.routes.direct_response import allow_bodies
from loopmesh.compile.routes.route import default_route, routing_routes
from loopmesh.compile.unknown_hosts import passing_on, unknown_hosts
from loopmesh.compile.view import View
from loopmesh.model.added_host import Called
from loopmesh.model.application import Port
from loopmesh.model.routing import Routing

HTTP_PORT = 80


def outbound_routes(view: View) -> RouteConfiguration:
    """All routes of the sidecars with this view; the configuration's name is `outbound`."""
    hosts = [_service_host(view, service, port) for service, port in view.request_ports]
    taken = {domain for host in hosts for domain in host.domains}
    for host in [*_other_hosts(view), *_hidden_hosts(view)]:
        if taken.isdisjoint(host.domains):
            hosts.append(host)
            taken.update(host.domains)
    hosts.append(unknown_hosts(view.outbound_policy))
    configuration = RouteConfiguration(name=names.OUTBOUND_ROUTES, virtual_hosts=hosts)
    configuration.validate_clusters.value = False
    allow_bodies(configuration)
    return configuration


def service_routes(view: View, service: Called, port: Port) -> list[EnvoyRoute]:
    """The routes of the first policy for the host that has some for the caller; the oldest wins, as in Istio."""
    scope = view.route_scope(port.number)
    for routing in view.choice.for_host(service.host):
        if routes := routing_routes(view, routing, scope):
            return routes
    return [default_route(view, service.host, port.number)]


def _service_host(view: View, service: Called, port: Port) -> VirtualHost:
    return VirtualHost(
        name=f"{service.host}:{port.number}",
        domains=_domains(service, port, view.namespace),
        routes=service_routes(view, service, port),
        include_request_attempt_count=True,
    )


def _other_hosts(view: View) -> Iterator[VirtualHost]:
    """Hosts of policies that are no services: on the ports of the services beside them, and on port 80 if some service
    has it, for nothing listens there otherwise (Istio `buildSidecarVirtualHostsForVirtualService`)."""
    for routing in view.choice.routings:
        others = [host for host in routing.hosts if not view.services_covered(host)]
        for port in _ports_of(view, routing) if others else ():
            routes = routing_routes(view, routing, view.route_scope(port))
            for host in others if routes else ():
                yield VirtualHost(
                    name=f"{host}:{port}",
                    domains=[f"{host}:{port}", *([host] if port == HTTP_PORT else [])],
                    routes=routes,
                    include_request_attempt_count=True,
                )


def _hidden_hosts(view: View) -> Iterator[VirtualHost]:
    """Services the program is not told of, which it reaches where unknown hosts are passed on."""
    for service, port in view.hidden_ports:
        if port.protocol.is_http:
            yield hidden_host(view, service, port, _domains(service, port, view.namespace))


def hidden_host(view: View, service: Called, port: Port, domains: list[str]) -> VirtualHost:
    """Under its name a service's connections are passed on, if unknown ones are."""
    if not view.outbound_policy.looks_up_names:
        return unknown_hosts(view.outbound_policy)
    cluster = names.passed_on_cluster(port.number, service.host)
    return passing_on(view.outbound_policy, cluster, domains, cluster)


def _ports_of(view: View, routing: Routing) -> list[int]:
    services = [service for host in routing.hosts for service in view.services_covered(host)]
    beside = {port.number for service in services for port in service.ports if port.protocol.is_http}
    everywhere = {port.number for _, port in view.request_ports if port.number == HTTP_PORT}
    return sorted(beside | everywhere)


def _domains(service: Called, port: Port, namespace: str) -> list[str]:
    """All services share one socket, so a name without a port means a service only where that is plain."""
    spellings = service.names_from(namespace)
    with_port = [f"{spelling}:{port.number}" for spelling in spellings]
    return [*spellings, *with_port] if _is_plain(service, port) else with_port


def _is_plain(service: Called, port: Port) -> bool:
    return len(service.ports) == 1 or port.number == HTTP_PORT
