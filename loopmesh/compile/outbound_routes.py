"""What a program can call: a virtual host for every service port, found by the `:authority` it dials."""

from collections.abc import Collection, Iterator

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
    hosts: list[VirtualHost] = []
    taken: set[str] = set()
    for service, port in view.request_ports:
        host = _service_host(view, service, port)
        # An address that several hosts have is the first one's; Istio leaves to chance whose (`dedupeDomains`).
        host.domains[:] = [domain for domain in host.domains if domain not in taken]
        hosts.append(host)
        taken.update(host.domains)
    for host in [*_other_hosts(view, taken), *_hidden_hosts(view)]:
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


def _other_hosts(view: View, taken: Collection[str]) -> Iterator[VirtualHost]:
    """Hosts of policies at ports where they are no services: those of the services beside them, and port 80 if some
    service has it, for nothing listens there otherwise (Istio `buildSidecarVirtualHostsForVirtualService`).

    Without a port a host means port 80, unless it is `taken`: then it means the service of this name.
    """
    everywhere = {port.number for _, port in view.request_ports if port.number == HTTP_PORT}
    for routing in view.choice.routings:
        met = {host: view.services_met(host) for host in routing.hosts}
        for port in sorted(_ports_beside(view, routing) | everywhere):
            others = [host for host, services in met.items() if not any(_has(one, port) for one in services)]
            routes = routing_routes(view, routing, view.route_scope(port)) if others else []
            for host in others if routes else ():
                yield VirtualHost(
                    name=f"{host}:{port}",
                    domains=[f"{host}:{port}", *([host] if port == HTTP_PORT and host not in taken else [])],
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


def _ports_beside(view: View, routing: Routing) -> set[int]:
    """Ports of the services its hosts stand for; a wildcard stands only for those no other policy is closer to."""
    meant = (
        service
        for host in routing.hosts
        for service in view.services_covered(host)
        if not host.startswith("*") or view.choice.for_host(service.host)[0] is routing
    )
    return {port.number for service in meant for port in service.ports if port.protocol.is_http}


def _has(service: Called, port: int) -> bool:
    return any(one.number == port for one in service.ports)


def _domains(service: Called, port: Port, namespace: str) -> list[str]:
    """All services share one socket, so a name without a port means a service only where that is plain."""
    spellings = service.names_from(namespace)
    with_port = [f"{spelling}:{port.number}" for spelling in spellings]
    return [*spellings, *with_port] if _is_plain(service, port) else with_port


def _is_plain(service: Called, port: Port) -> bool:
    return len(service.ports) == 1 or port.number == HTTP_PORT
