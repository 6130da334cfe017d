"""ServiceEntry (networking.istio.io): hosts beside those of the values file (Istio `ValidateServiceEntry`)."""

import re
from collections import Counter
from enum import StrEnum
from ipaddress import ip_address, ip_network

from loopmesh.model.added_host import AddedEndpoint, AddedHost, Resolution
from loopmesh.model.application import CLUSTER_DOMAIN, Port, Protocol
from loopmesh.model.policy import WorkloadSelector
from loopmesh.model.problem import Problem
from loopmesh.policies.analysis import Message
from loopmesh.policies.document import Document, read_selector
from loopmesh.policies.fields import Fields
from loopmesh.policies.host_names import check_case, check_host, check_label
from loopmesh.policies.visibility import read_visibility
from loopmesh.policies.workload_labels import labels_at

UNIX = "unix://"
MOST_WEIGHT = 2**32 - 1
ONE_MACHINE = "all instances are on one machine, or none of the mesh's concern"
UNSUPPORTED_OF_AN_ENDPOINT = {"locality": ONE_MACHINE, "network": ONE_MACHINE}
NAMES_OF_A_NAMESPACE = re.compile(rf"\*\.[^.]+\.svc\.{re.escape(CLUSTER_DOMAIN)}")
RANGE_OF_ONE = re.compile(r"(\d+(?:\.\d+){3})/32|([^/]*:[^/]*)/128")
PROTOCOLS = {
    "GRPC": Protocol.GRPC,
    "HTTP": Protocol.HTTP,
    "HTTP2": Protocol.HTTP2,
    "HTTPS": Protocol.TLS,
    "TLS": Protocol.TLS,
    "TCP": Protocol.TCP,
    "MONGO": Protocol.TCP,
    "MYSQL": Protocol.TCP,
    "REDIS": Protocol.TCP,
}
"""Whatever their case (Istio `protocol.Parse`)."""
UNSUPPORTED_PROTOCOLS = {"GRPC-WEB": "proxies translate browsers' gRPC at the edge, not for programs"}


class _Resolution(StrEnum):
    NONE = "NONE"
    STATIC = "STATIC"
    DNS = "DNS"
    DNS_ROUND_ROBIN = "DNS_ROUND_ROBIN"
    DYNAMIC_DNS = "DYNAMIC_DNS"


class _Location(StrEnum):
    MESH_EXTERNAL = "MESH_EXTERNAL"
    MESH_INTERNAL = "MESH_INTERNAL"


def read_service_entry(document: Document, problems: list[Problem]) -> tuple[AddedHost, ...]:
    return Fields.read(document.spec, "spec", problems, lambda fields: _hosts(document, fields))


def _hosts(document: Document, fields: Fields) -> tuple[AddedHost, ...]:
    hosts = fields.texts("hosts", _check_host)
    said = fields.choice("resolution", _Resolution) or _Resolution.NONE
    ports = fields.objects("ports", _port)
    location = fields.choice("location", _Location) or _Location.MESH_EXTERNAL
    endpoints = fields.objects("endpoints", _endpoint)
    selector = fields.object("workloadSelector", lambda inside: _selector(document, inside))
    addresses, ranges = _addresses(fields, said)
    server_names = fields.texts("subjectAltNames")
    visibility = read_visibility(fields, document.namespace, may_be_none=True)
    _check_ports(fields, hosts, [port for port, _ in ports], said)
    has_targets = any(target for _, target in ports)
    if has_targets and said is _Resolution.NONE and any(host.startswith("*") for host in hosts):
        rule = "hosts below a wildcard with resolution NONE are called at the port the program names"
        fields.refuse("ports", rule, "remove `targetPort`, or name the hosts")
    _check_places(fields, hosts, endpoints, said, selects=selector is not None)
    _check_endpoints(fields, endpoints, said, {port.name for port, _ in ports})
    if not fields.has("addresses") and any(port.protocol is Protocol.TCP for port, _ in ports):
        rule = "proxies of a cluster tell TCP hosts apart by `addresses`, unless istiod allocates them"
        fields.warn("ports", Message.ADDRESS_REQUIRED, rule, "add an address, or see that istiod allocates them")
    return tuple(
        AddedHost(
            source=document.source,
            host=host,
            ports=tuple(port for port, _ in ports),
            targets={port.number: target for port, target in ports if target},
            addresses=addresses,
            ranges=ranges,
            resolution=_resolution(host, said),
            goes_on=said is _Resolution.NONE,
            endpoints=endpoints,
            in_mesh=location is _Location.MESH_INTERNAL,
            server_names=server_names,
            visibility=visibility,
            selector=selector,
        )
        for host in hosts
    )


def _resolution(host: str, said: _Resolution) -> Resolution:
    """Where Istio lets a connection go on to the address the program has looked up, the proxy looks it up itself: the
    program hands over a name."""
    if host.startswith("*") and said in (_Resolution.NONE, _Resolution.DYNAMIC_DNS):
        return Resolution.CALLED_NAME
    if said is _Resolution.DNS_ROUND_ROBIN:
        return Resolution.NAME_ROUND_ROBIN
    return Resolution.STATIC if said is _Resolution.STATIC else Resolution.NAME


def _selector(document: Document, fields: Fields) -> WorkloadSelector:
    return read_selector(fields, document.namespace, "labels")


def _port(fields: Fields) -> tuple[Port, int | None]:
    number = fields.integer("number", least=1, most=65535)
    if not fields.has("number"):
        fields.refuse(None, "`number` is required", "add the port's number")
    name = fields.text("name", required=True, check=check_label) or ""
    protocol = fields.text("protocol") or ""
    if not protocol and not fields.has("protocol"):
        fields.refuse(None, "without `protocol` Istio's proxies guess it from what is sent", "add `protocol`")
        protocol = "HTTP"
    if protocol.upper() in UNSUPPORTED_PROTOCOLS:
        fields.refuse("protocol", UNSUPPORTED_PROTOCOLS[protocol.upper()], "write GRPC")
    elif protocol.upper() not in PROTOCOLS:
        fields.refuse("protocol", f"this is one of {', '.join(PROTOCOLS)}", "write one of them")
    target = fields.integer("targetPort", least=1, most=65535)
    speaks = PROTOCOLS.get(protocol.upper(), Protocol.HTTP)  # of a refused one nothing more is asked
    return Port(name=name, number=number or 0, protocol=speaks), target


def _endpoint(fields: Fields) -> AddedEndpoint:
    fields.unsupported(UNSUPPORTED_OF_AN_ENDPOINT)
    ports = fields.numbers("ports", least=1, most=65535)
    return AddedEndpoint(
        address=fields.text("address", required=True) or "",
        ports=ports,
        labels=labels_at(fields, "labels"),
        weight=fields.integer("weight", least=0, most=MOST_WEIGHT) or None,
        service_account=fields.text("serviceAccount") or "",
    )


def _check_host(host: str) -> tuple[str, str] | None:
    if host == "*":
        return "`*` would be every host there is", "name the host"
    if "." not in host:
        return "a host of a ServiceEntry is a full name; Istio completes none", "write the full name"
    if NAMES_OF_A_NAMESPACE.fullmatch(host):
        return "Istio shortens it to `*` in its own namespace, whose proxies refuse that", "name the hosts"
    return check_host(host) or check_case(host)


def _addresses(fields: Fields, said: _Resolution) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Those a caller may name, and ranges. A range of one is an address (Istio `convertServices`)."""
    found = fields.texts("addresses", _check_address)
    if said in (_Resolution.DNS, _Resolution.DNS_ROUND_ROBIN) and any("/" in one for one in found):
        fields.refuse("addresses", f"Istio takes no range with resolution {said}", "write addresses, or say STATIC")
    single = [RANGE_OF_ONE.sub(r"\1\2", one) for one in found]
    return tuple(one for one in single if "/" not in one), tuple(one for one in single if "/" in one)


def _check_address(text: str) -> tuple[str, str] | None:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return "this is an IP address, or a range such as 10.0.0.0/8", "write one"
    return None


def _check_ports(fields: Fields, hosts: tuple[str, ...], ports: list[Port], said: _Resolution) -> None:
    if not hosts:
        fields.refuse(None, "`hosts` names at least one host", "add the host")
    if not ports:
        fields.refuse(None, "`ports` has at least one port", "add a port with number, name and protocol")
    for what, times in [*Counter(port.name for port in ports).items(), *Counter(port.number for port in ports).items()]:
        if what and times > 1:
            fields.refuse("ports", f"two ports have `{what}`", "give each its own")
    plain = [port for port in ports if port.protocol is Protocol.TCP]
    if len(hosts) > 1 and plain and said is not _Resolution.NONE:
        rule = f"nothing tells the hosts apart on port {plain[0].number}"
        fields.refuse("hosts", rule, "write a ServiceEntry for each")
    streams = [port for port in ports if not port.protocol.is_http]
    if streams and any(host.startswith("*") for host in hosts):
        rule = f"a program dials port {streams[0].number} by the name of one host"
        fields.refuse("hosts", rule, "name the hosts, or use HTTP ports only")


def _check_places(
    fields: Fields, hosts: tuple[str, ...], endpoints: tuple[AddedEndpoint, ...], said: _Resolution, *, selects: bool
) -> None:
    if selects and endpoints:
        fields.refuse("endpoints", "`workloadSelector` is there, too", "keep one of the two")
    if said in (_Resolution.NONE, _Resolution.DYNAMIC_DNS):
        for key in ("endpoints", "workloadSelector"):
            if fields.has(key):
                fields.refuse(key, f"with resolution {said} the host itself is called", "remove it, or say STATIC")
        if said is _Resolution.DYNAMIC_DNS and fields.has("addresses"):
            fields.refuse("addresses", "with resolution DYNAMIC_DNS the name that is called decides", "remove them")
    wild = [host for host in hosts if host.startswith("*")]
    if said is _Resolution.DYNAMIC_DNS and len(wild) < len(hosts):
        fields.refuse("hosts", "resolution DYNAMIC_DNS is for wildcards", "say DNS")
    if said in (_Resolution.DNS, _Resolution.DNS_ROUND_ROBIN) and wild and not endpoints:
        fields.refuse("hosts", f"`{wild[0]}` cannot be looked up", "add endpoints, or say DYNAMIC_DNS")


def _check_endpoints(fields: Fields, endpoints: tuple[AddedEndpoint, ...], said: _Resolution, ports: set[str]) -> None:
    if said is _Resolution.DNS_ROUND_ROBIN and len(endpoints) > 1:
        fields.refuse("endpoints", "resolution DNS_ROUND_ROBIN has one endpoint at most", "keep one, or say DNS")
    for endpoint in endpoints:
        known = _is_address(endpoint.address) or endpoint.address.startswith(f"{UNIX}/")
        if endpoint.address.startswith(UNIX) and (endpoint.ports or len(ports) > 1):
            rule = f"`{endpoint.address}` is one port, which has no number"
            fields.refuse("endpoints", rule, "remove `ports` of it, and all ports of the host but one")
        if said is _Resolution.STATIC and not known:
            rule = f"`{endpoint.address}` is neither an IP address nor `{UNIX}/path`"
            fields.refuse("endpoints", rule, "write one, or say DNS")
        elif not known and (endpoint.address.startswith("*") or check_host(endpoint.address)):
            fields.refuse("endpoints", f"`{endpoint.address}` is no host", "write an address or a full name")
        if said is not _Resolution.STATIC and endpoint.address.startswith(UNIX):
            fields.refuse("endpoints", f"`{endpoint.address}` is no name to look up", "say STATIC")
        for name in sorted(set(endpoint.ports) - ports):
            fields.refuse("endpoints", f"no port of the host is called `{name}`", "name the port as in `ports`")


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
