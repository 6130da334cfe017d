"""TCPRoute and TLSRoute: routes for connections whose requests cannot be told apart."""

from collections.abc import Callable

from loopmesh.model.routes.destination import Destination
from loopmesh.model.routes.stream_route import StreamMatch, StreamRoute
from loopmesh.policies.document import Document
from loopmesh.policies.fields import Fields
from loopmesh.policies.gateway_names import read_gateways
from loopmesh.policies.host_names import check_host, check_label, covers
from loopmesh.policies.routes.destination import MOST_WEIGHT, read_target
from loopmesh.policies.workload_labels import labels_at

ONE_ADDRESS = "on one machine every service has the address 127.0.0.1"


def read_tcp_route(document: Document, fields: Fields) -> StreamRoute:
    """Matches may be left out."""
    return _route(document, fields, fields.objects("match", lambda inside: _tcp_match(document, inside)))


def read_tls_route(document: Document, hosts: tuple[str, ...], fields: Fields) -> StreamRoute:
    """`hosts` are the policy's; server names are within them (Istio `validateTLSMatch`)."""
    matches = fields.objects("match", lambda inside: _tls_match(document, hosts, inside))
    if not fields.has("match") or fields.is_empty("match"):
        fields.refuse(None, "`match` is required", "add `match: [{sniHosts: […]}]`")
    return _route(document, fields, matches)


def _route(document: Document, fields: Fields, matches: tuple[StreamMatch, ...]) -> StreamRoute:
    destinations = fields.objects("route", lambda inside: _destination(document, inside))
    if not fields.has("route") or fields.is_empty("route"):
        fields.refuse(None, "`route` has at least one destination", "add a destination")
    elif len(destinations) > 1 and not sum(one.weight for one in destinations):
        fields.refuse("route", "the weights add up to 0", "give a destination a weight")
    return StreamRoute(
        matches=matches, destinations=destinations, source=document.source_at(fields.origin, fields.path)
    )


def _destination(document: Document, fields: Fields) -> Destination:
    weight = fields.integer("weight", least=0, most=MOST_WEIGHT) or 0
    host, port, subset = read_target(document, fields)
    source = document.source_at(fields.origin)
    return Destination(host=host, port=port, subset=subset, weight=weight, source=source)


def _tcp_match(document: Document, fields: Fields) -> StreamMatch:
    fields.unsupported({"sourceSubnet": "Istio does not use it"})
    return _match(document, fields, ())


def _tls_match(document: Document, hosts: tuple[str, ...], fields: Fields) -> StreamMatch:
    names = fields.texts("sniHosts", _within(hosts))
    if not names:
        fields.refuse(None, "`sniHosts` names at least one host", "add the server names of the handshake")
    return _match(document, fields, names)


def _match(document: Document, fields: Fields, names: tuple[str, ...]) -> StreamMatch:
    fields.unsupported({"destinationSubnets": ONE_ADDRESS})
    return StreamMatch(
        server_names=names,
        port=fields.integer("port", least=1, most=65535),
        gateways=read_gateways(fields, document.namespace),
        source_labels=labels_at(fields, "sourceLabels"),
        source_namespace=fields.text("sourceNamespace", check=check_label) or None,
    )


def _within(hosts: tuple[str, ...]) -> Callable[[str], tuple[str, str] | None]:
    def check(name: str) -> tuple[str, str] | None:
        if problem := check_host(name):
            return problem
        if any(covers(host, name) for host in hosts):
            return None
        return f"it is within none of the policy's hosts, {', '.join(hosts)}", "add it to `hosts`"

    return check
