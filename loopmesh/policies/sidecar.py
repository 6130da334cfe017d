"""Sidecar (networking.istio.io): what a sidecar is told of."""

from collections.abc import Mapping

from loopmesh.model.outbound_policy import OutboundPolicy, UnknownHosts
from loopmesh.model.problem import Problem
from loopmesh.model.routes.destination import Destination
from loopmesh.model.sidecar import ALL_HOSTS, ANY_NAMESPACE, OWN_NAMESPACE, ImportedHost, Sidecar
from loopmesh.policies.analysis import Message
from loopmesh.policies.destinations.connection_pool import read_connection_pool
from loopmesh.policies.document import Document, read_selector
from loopmesh.policies.fields import Fields
from loopmesh.policies.host_names import check_host, check_label
from loopmesh.policies.routes.destination import read_destination

SETTINGS = ("outboundTrafficPolicy", "inboundConnectionPool")
UNSUPPORTED = {"ingress": "what a program listens on is said in the values file"}
ONE_SOCKET = "all calls of a program leave through one socket, whatever port they are for"
UNSUPPORTED_OF_EGRESS = {"port": ONE_SOCKET, "bind": ONE_SOCKET, "captureMode": ONE_SOCKET}
NOT = "~"


UNSUPPORTED_MODES: Mapping[str, str] = {UnknownHosts.LOOKED_UP: "only the mesh config has it"}


def read_sidecar(document: Document, problems: list[Problem]) -> Sidecar:
    return Fields.read(document.spec, "spec", problems, lambda fields: _sidecar(document, fields))


def _sidecar(document: Document, fields: Fields) -> Sidecar:
    fields.unsupported(UNSUPPORTED)
    said = [key for key in ("egress", *SETTINGS, *UNSUPPORTED) if fields.has(key)]
    if not said or (said == ["egress"] and fields.is_empty("egress")):
        fields.refuse(None, "a sidecar's policy says something", "add `egress`, or remove it")
    listeners = fields.objects("egress", _egress)
    if len(listeners) > 1:
        fields.refuse("egress", ONE_SOCKET, "write all hosts in one item")
    return Sidecar(
        source=document.source,
        selector=fields.object("workloadSelector", lambda inside: read_selector(inside, document.namespace, "labels")),
        hosts=listeners[0] if listeners else ALL_HOSTS,
        inbound_pool=fields.object(
            "inboundConnectionPool", lambda inside: read_connection_pool(document.source, inside)
        ),
        outbound=fields.object("outboundTrafficPolicy", lambda inside: _outbound(document, inside)),
    )


def _outbound(document: Document, fields: Fields) -> OutboundPolicy:
    """No mode is REGISTRY_ONLY (Istio `validateSidecarOutboundTrafficPolicy`)."""
    mode = fields.choice("mode", UnknownHosts, unsupported=UNSUPPORTED_MODES) or UnknownHosts.REFUSED
    proxy = fields.object("egressProxy", lambda inside: _proxy(document, inside))
    if proxy is not None and mode is not UnknownHosts.PASSED_ON:
        fields.refuse("egressProxy", "only unknown hosts go to it, and this mode refuses them", "write mode: ALLOW_ANY")
    if proxy is not None:
        fields.warn("egressProxy", Message.DEPRECATED, "Istio deprecates it", "route through an egress gateway")
    source = document.source_at(fields.origin, fields.path)
    return OutboundPolicy(unknown_hosts=mode, proxy=proxy, source=source)


def _proxy(document: Document, fields: Fields) -> Destination:
    if not fields.has("port"):
        fields.refuse(None, "`port` is required", "add `port: {number: …}`")
    return read_destination(document, fields)


def _egress(fields: Fields) -> tuple[ImportedHost, ...]:
    fields.unsupported(UNSUPPORTED_OF_EGRESS)
    hosts = fields.texts("hosts", _check_import)
    if not hosts:
        fields.refuse(None, "`hosts` names at least one host", 'add `hosts: ["./*"]`')
    return tuple(_import(host) for host in hosts)


def _import(text: str) -> ImportedHost:
    """`~ns/host` leaves a host out that another item brings in, `~/host` one of any namespace; so `~/*` is nothing."""
    namespace, _, host = text.partition("/")
    bare = namespace.removeprefix(NOT) or ANY_NAMESPACE
    return ImportedHost(namespace=bare, host=host, excluded=namespace.startswith(NOT))


def _check_import(text: str) -> tuple[str, str] | None:
    """Istio `ValidateNamespaceSlashWildcardHostname`."""
    namespace, slash, host = text.partition("/")
    bare = namespace.removeprefix(NOT)
    remedy = "write `namespace/host`, where `.` is the workload's own namespace and `*` any"
    names_none = not bare and namespace != NOT
    if not slash or names_none or (bare and bare not in (ANY_NAMESPACE, OWN_NAMESPACE) and check_label(bare)):
        return "this is a namespace and a host", remedy
    if host != "*" and "." not in host:
        return "a host is a full name or `*`", "write the full name"
    return None if host == "*" else check_host(host)
