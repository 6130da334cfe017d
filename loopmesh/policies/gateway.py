"""Gateway (networking.istio.io): the ports the edge opens."""

from collections import Counter
from enum import StrEnum

from loopmesh.model.application import Protocol
from loopmesh.model.edge import Gateway, Server
from loopmesh.model.problem import Problem
from loopmesh.policies.document import Document
from loopmesh.policies.fields import Fields
from loopmesh.policies.host_names import check_host, check_label


class _Protocol(StrEnum):
    HTTP = "HTTP"
    HTTP2 = "HTTP2"
    GRPC = "GRPC"


UNSUPPORTED_PROTOCOLS = dict.fromkeys(
    ("HTTPS", "TLS", "TCP", "MONGO", "UNKNOWN"), "the edge speaks HTTP without TLS on loopback"
)
PROTOCOLS = {_Protocol.HTTP: Protocol.HTTP, _Protocol.HTTP2: Protocol.HTTP2, _Protocol.GRPC: Protocol.GRPC}


def read_gateway(document: Document, problems: list[Problem]) -> Gateway:
    return Fields.read(document.spec, "spec", problems, lambda fields: _gateway(document, fields))


def _gateway(document: Document, fields: Fields) -> Gateway:
    labels = fields.labels("selector")
    servers = fields.objects("servers", lambda inside: _server(document, inside))
    if not labels:
        fields.refuse(None, "`selector` names the labels of a gateway workload", "add `selector: {istio: edge}`")
    if not servers:
        fields.refuse(None, "`servers` has at least one server", "add a server with a port and hosts")
    for name, times in Counter(server.name for server in servers).items():
        if name and times > 1:
            fields.refuse("servers", f"two ports are called `{name}`", "give each port its own name")
    return Gateway(source=document.source, labels=labels, servers=servers)


def _server(document: Document, fields: Fields) -> Server:
    hosts = fields.texts("hosts", _check_host)
    if not hosts:
        fields.refuse(None, "`hosts` names at least one host", 'add `hosts: ["*"]`')
    port = fields.object("port", _port)
    if not fields.has("port"):
        fields.refuse(None, "`port` is required", "add `port: {number: 80, name: http, protocol: HTTP}`")
    number, name, protocol = port or (0, "", Protocol.HTTP)
    # Istio's own name of the server, for its statistics.
    fields.text("name")
    return Server(port=number, name=name, protocol=protocol, hosts=hosts, source=document.source_at(fields.origin))


def _port(fields: Fields) -> tuple[int, str, Protocol]:
    number = fields.integer("number", least=1, most=65535)
    name = fields.text("name", required=True)
    protocol = fields.choice("protocol", _Protocol, unsupported=UNSUPPORTED_PROTOCOLS)
    if number is None and not fields.has("number"):
        fields.refuse(None, "`number` is required", "add the port's number")
    if not fields.has("protocol"):
        fields.refuse(None, "`protocol` is required", "add `protocol: HTTP`")
    return number or 0, name or "", PROTOCOLS[protocol or _Protocol.HTTP]


def _check_host(host: str) -> tuple[str, str] | None:
    """`*`, a full name or `*.rest`, perhaps after `namespace/` (Istio `ValidateNamespaceSlashWildcardHostname`)."""
    namespace, slash, name = host.rpartition("/")
    if slash and namespace not in ("*", ".") and check_label(namespace):
        return "what stands before `/` is a namespace, `.` or `*`", "write `namespace/host`, or the host alone"
    if name != "*" and "." not in name:
        return "a gateway's host is a full name or `*`", "write the full name"
    if "*" in name and name != "*" and not name.startswith("*."):
        return "`*` is a whole label", "write `*.` and the rest"
    return check_host(name)
