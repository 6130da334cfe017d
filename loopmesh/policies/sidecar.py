"""Sidecar (networking.istio.io): what a sidecar is told of."""

from enum import StrEnum

from loopmesh.model.policy import WorkloadSelector
from loopmesh.model.problem import Problem
from loopmesh.model.sidecar import ALL_HOSTS, ANY_NAMESPACE, OWN_NAMESPACE, ImportedHost, Sidecar
from loopmesh.policies.destinations.connection_pool import read_connection_pool
from loopmesh.policies.document import Document, read_selector
from loopmesh.policies.fields import Fields
from loopmesh.policies.host_names import check_host, check_label

UNSUPPORTED = {"ingress": "what a program listens on is said in the values file"}
ONE_SOCKET = "all calls of a program leave through one socket, whatever port they are for"
UNSUPPORTED_OF_EGRESS = {"port": ONE_SOCKET, "bind": ONE_SOCKET, "captureMode": ONE_SOCKET}
NOT = "~"


class _Mode(StrEnum):
    REGISTRY_ONLY = "REGISTRY_ONLY"
    ALLOW_ANY = "ALLOW_ANY"


UNSUPPORTED_MODES = {
    "ALLOW_ANY": "a program reaches outside hosts past its sidecar, or through it when a ServiceEntry names them"
}


def read_sidecar(document: Document, problems: list[Problem]) -> Sidecar:
    return Fields.read(document.spec, "spec", problems, lambda fields: _sidecar(document, fields))


def _sidecar(document: Document, fields: Fields) -> Sidecar:
    fields.unsupported(UNSUPPORTED)
    if not any(fields.has(key) for key in ("egress", "outboundTrafficPolicy", "inboundConnectionPool", *UNSUPPORTED)):
        fields.refuse(None, "a sidecar's policy says something", "add `egress`, or remove it")
    fields.object("outboundTrafficPolicy", _outbound)
    listeners = fields.objects("egress", _egress)
    if len(listeners) > 1:
        fields.refuse("egress", ONE_SOCKET, "write all hosts in one item")
    return Sidecar(
        source=document.source,
        selector=fields.object("workloadSelector", lambda inside: _selector(document, inside)),
        hosts=listeners[0] if listeners else ALL_HOSTS,
        inbound_pool=fields.object("inboundConnectionPool", read_connection_pool),
    )


def _selector(document: Document, fields: Fields) -> WorkloadSelector | None:
    """Without labels it selects all, as in Istio."""
    selector = read_selector(fields, document.namespace, "labels")
    return selector if selector.labels else None


def _outbound(fields: Fields) -> None:
    """Unknown hosts are always refused, which is REGISTRY_ONLY, Istio's meaning of no mode."""
    fields.choice("mode", _Mode, unsupported=UNSUPPORTED_MODES)
    fields.unsupported({"egressProxy": "only unknown hosts would go to it, and these are refused"})


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
