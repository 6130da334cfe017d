"""VirtualService (networking.istio.io): how a request finds its destination."""

from loopmesh.model.problem import Problem
from loopmesh.model.routing import MESH_GATEWAY, Routing
from loopmesh.policies.document import Document
from loopmesh.policies.fields import Fields
from loopmesh.policies.host_names import check_gateway, check_host, overlapping, qualify_gateway, qualify_host
from loopmesh.policies.routes.header_names import CLAIMS
from loopmesh.policies.routes.route import read_route
from loopmesh.policies.visibility import read_visibility


def read_virtual_service(document: Document, problems: list[Problem]) -> Routing:
    return Fields.read(document.spec, "spec", problems, lambda fields: _routing(document, fields))


def _routing(document: Document, fields: Fields) -> Routing:
    namespace = document.namespace
    hosts = tuple(qualify_host(host, namespace) for host in fields.texts("hosts", check_host))
    gateways = tuple(qualify_gateway(name, namespace) for name in fields.texts("gateways", check_gateway))
    routing = Routing(
        source=document.source,
        hosts=hosts,
        gateways=gateways or ((MESH_GATEWAY,) if hosts else ()),
        visibility=read_visibility(fields, namespace),
        routes=fields.objects("http", lambda inside: read_route(document, inside)),
    )
    if not fields.has("http") or fields.is_empty("http"):
        fields.refuse(None, "`http` has at least one route", "add a route")
    _check_hosts(fields, routing)
    _check_claims(fields, routing)
    return routing


def _check_hosts(fields: Fields, routing: Routing) -> None:
    hosts = routing.hosts
    if not hosts and fields.has("gateways"):
        fields.refuse("gateways", "without `hosts` others delegate to it, and their gateways count", "remove it")
    if "*" in hosts and MESH_GATEWAY in routing.gateways:
        fields.refuse("hosts", "in the mesh, `*` is no host", "name the host, or the gateway the routes are for")
    for earlier, later in overlapping(hosts):
        fields.refuse("hosts", f"`{hosts[earlier]}` and `{hosts[later]}` overlap", "keep one of the two")


def _check_claims(fields: Fields, routing: Routing) -> None:
    """Only a gateway knows them before it chooses the route (Istio `validateJWTClaimRoute`, which does not ask who
    delegates)."""
    asks = any(match.claims for route in routing.routes for match in route.matches)
    if asks and (MESH_GATEWAY in routing.gateways or not routing.hosts):
        fields.refuse("http", f"`{CLAIMS}` is for gateways only", "bind the routes to a gateway")
