"""VirtualService (networking.istio.io): how a request finds its destination."""

from collections.abc import Sequence

from loopmesh.model.problem import Problem
from loopmesh.model.routing import MESH_GATEWAY, Routing
from loopmesh.policies.document import Document
from loopmesh.policies.fields import Fields
from loopmesh.policies.gateway_names import read_gateways
from loopmesh.policies.host_names import (
    check_case,
    check_host,
    overlapping,
    qualify_host,
)
from loopmesh.policies.routes.header_names import CLAIMS
from loopmesh.policies.routes.route import read_route
from loopmesh.policies.routes.stream_route import read_tcp_route, read_tls_route
from loopmesh.policies.visibility import read_visibility


def read_virtual_service(document: Document, problems: list[Problem]) -> Routing:
    return Fields.read(document.spec, "spec", problems, lambda fields: _routing(document, fields))


def _routing(document: Document, fields: Fields) -> Routing:
    namespace = document.namespace
    gateways = read_gateways(fields, namespace)
    is_in_mesh = not gateways or MESH_GATEWAY in gateways
    written = fields.texts("hosts", _check_host_in_mesh if is_in_mesh else check_host)
    # The short and the full name of a service may stand beside each other.
    hosts = tuple(dict.fromkeys(qualify_host(host, namespace) for host in written))
    routing = Routing(
        source=document.source,
        hosts=hosts,
        gateways=gateways or ((MESH_GATEWAY,) if hosts else ()),
        visibility=read_visibility(fields, namespace),
        routes=fields.objects("http", lambda inside: read_route(document, inside)),
        tcp_routes=fields.objects("tcp", lambda inside: read_tcp_route(document, inside)),
        tls_routes=fields.objects("tls", lambda inside: read_tls_route(document, hosts, inside)),
    )
    if all(not fields.has(key) or fields.is_empty(key) for key in ("http", "tcp", "tls")):
        fields.refuse(None, "there is no route", "add `http`, `tcp` or `tls`")
    _check_hosts(fields, routing)
    _check_overlaps(fields, written, hosts)
    _check_claims(fields, routing)
    return routing


def _check_host_in_mesh(host: str) -> tuple[str, str] | None:
    return check_host(host) or check_case(host)


def _check_hosts(fields: Fields, routing: Routing) -> None:
    hosts = routing.hosts
    for key in ("gateways", "tcp", "tls") if not hosts else ():
        if fields.has(key):
            fields.refuse(key, "without `hosts` it holds only http routes for others", "remove it, or add `hosts`")
    if "*" in hosts and MESH_GATEWAY in routing.gateways:
        fields.refuse("hosts", "in the mesh, `*` is no host", "name the host, or the gateway the routes are for")


def _check_overlaps(fields: Fields, written: Sequence[str], hosts: Sequence[str]) -> None:
    names = written if any(overlapping(written)) else hosts
    for earlier, later in overlapping(names):
        fields.refuse("hosts", f"`{names[earlier]}` and `{names[later]}` overlap", "keep one of the two")


def _check_claims(fields: Fields, routing: Routing) -> None:
    """Only a gateway knows them before it chooses the route (Istio `validateJWTClaimRoute`, which does not ask who
    delegates)."""
    asks = any(match.claims for route in routing.routes for match in route.matches)
    if asks and (MESH_GATEWAY in routing.gateways or not routing.hosts):
        fields.refuse("http", f"`{CLAIMS}` is for gateways only", "bind the routes to a gateway")
