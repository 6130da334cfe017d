"""Gateway (networking.istio.io): the ports the edge opens."""

from collections import Counter

from loopmesh.model.edge import Gateway, Server, ServerKind
from loopmesh.model.problem import Problem
from loopmesh.policies.document import Document
from loopmesh.policies.fields import Fields
from loopmesh.policies.host_names import check_host, check_label
from loopmesh.policies.server_tls import read_server_tls

KINDS = {
    "HTTP": ServerKind.HTTP,
    "HTTP2": ServerKind.HTTP,
    "GRPC": ServerKind.HTTP,
    "GRPC-WEB": ServerKind.GRPC_WEB,
    "HTTPS": ServerKind.HTTPS,
    "TLS": ServerKind.TLS,
    "TCP": ServerKind.TCP,
}
EVERY_HOST = "*/*"
UNSUPPORTED_PROTOCOLS = dict.fromkeys(("MONGO", "MYSQL", "REDIS"), "TCP carries it, too")
UNSUPPORTED = {
    "bind": "every port is opened on 127.0.0.1",
    "defaultEndpoint": "Istio does not use it for gateways either",
}


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
    if EVERY_HOST in hosts:
        hosts = _every_host(fields, hosts)
    port = fields.object("port", _port)
    if not fields.has("port"):
        fields.refuse(None, "`port` is required", "add `port: {number: 80, name: http, protocol: HTTP}`")
    number, name, kind = port or (0, "", ServerKind.HTTP)
    fields.unsupported(UNSUPPORTED)
    # Istio's own name of the server, for its statistics.
    fields.text("name")
    redirects, tls = fields.object("tls", lambda inside: read_server_tls(inside, kind)) or (False, None)
    if kind in (ServerKind.HTTPS, ServerKind.TLS) and not fields.has("tls"):
        fields.refuse(None, f"{kind} needs `tls`", "add `tls: {mode: SIMPLE, credentialName: …}`")
    return Server(
        port=number,
        name=name,
        kind=kind,
        hosts=hosts,
        tls=tls,
        redirects_to_https=redirects,
        source=document.source_at(fields.origin),
    )


def _every_host(fields: Fields, hosts: tuple[str, ...]) -> tuple[str, ...]:
    """It takes the place of all others, of which istiod's code does not expect some behind it
    (`sanitizeServerHostNamespace`)."""
    if any(host.startswith(("./", "*/")) for host in hosts[hosts.index(EVERY_HOST) + 1 :]):
        fields.refuse("hosts", f"istiod breaks on `./…` and `*/…` after `{EVERY_HOST}`", "keep that one only")
    return ("*",)


def _port(fields: Fields) -> tuple[int, str, ServerKind]:
    fields.unsupported({"targetPort": "Istio heeds it in ServiceEntries only"})
    number = fields.integer("number", least=1, most=65535)
    name = fields.text("name", required=True, check=check_label)
    if number is None and not fields.has("number"):
        fields.refuse(None, "`number` is required", "add the port's number")
    if not fields.has("protocol"):
        fields.refuse(None, "`protocol` is required", "add `protocol: HTTP`")
    # Istio reads it in any case of letters (`protocol.Parse`).
    protocol = (fields.text("protocol", check=_check_protocol) or "HTTP").upper()
    return number or 0, name or "", KINDS[protocol]


def _check_protocol(protocol: str) -> tuple[str, str] | None:
    remedy = f"use one of {', '.join(KINDS)}"
    if protocol.upper() in UNSUPPORTED_PROTOCOLS:
        reason = UNSUPPORTED_PROTOCOLS[protocol.upper()]
        return f"loopmesh does not support this value of Istio: {reason}", remedy
    return None if protocol.upper() in KINDS else (f"this is one of {', '.join(KINDS)}", "write one of them")


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
