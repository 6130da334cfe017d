"""Where a service of the values file listens, what it speaks there, and how its health is asked."""

import re

from loopmesh.model.application import Health, HealthKind, Port, Protocol
from loopmesh.policies.fields import Fields
from loopmesh.policies.values_fields import as_counted
from loopmesh.policies.yaml_tree import Node

NAME = re.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
"""Of a Service's port (RFC 1123 label)."""
PROTOCOLS = {
    "grpc": Protocol.GRPC,
    "http2": Protocol.HTTP2,
    "http": Protocol.HTTP,
    "tcp": Protocol.TCP,
    "tls": Protocol.TLS,
    "https": Protocol.TLS,
    # Istio knows these names and, by default, carries what they speak as it carries any TCP; of mongo it counts more.
    "mongo": Protocol.TCP,
    "mysql": Protocol.TCP,
    "redis": Protocol.TCP,
}
"""By the part of a port's name before the first `-` (Istio `protocol.Parse`)."""


def read_ports(fields: Fields) -> tuple[Port, ...]:
    """At least one, each with a number of its own."""
    node = fields.node_at("ports")
    if node is None or not isinstance(node.value, dict) or not node.value:
        fields.refuse("ports" if node else None, "`ports` maps at least one name to a number", "add `{grpc: 50051}`")
        return ()
    ports = [_port(fields, name, child) for name, child in node.value.items()]
    numbers = [port.number for port in ports if port]
    if len(set(numbers)) != len(numbers):
        fields.refuse("ports", "two ports have one number", "give each its own")
    return tuple(port for port in ports if port)


def _port(fields: Fields, name: str, node: Node) -> Port | None:
    number = as_counted(node.value)
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= 65535:
        fields.refuse("ports", f"`{name}` is a number from 1 to 65535", "write such a number", at=node)
        return None
    if not NAME.fullmatch(name):
        rule = f"`{name}` is no name of a port: at most 63 lower-case letters, digits and `-`, no `-` at either end"
        fields.refuse("ports", rule, "rename it", at=node)
        return None
    protocol = PROTOCOLS.get(name.partition("-")[0])
    if protocol is None:
        rule = f"the name says the protocol, as in Istio, and `{name}` is none of {', '.join(PROTOCOLS)}"
        fields.refuse("ports", rule, "name it `grpc`, `http`, `tcp`, `http-…` or alike", at=node)
        return None
    return Port(name=name, number=number, protocol=protocol)


def read_health(fields: Fields, ports: tuple[Port, ...]) -> Health:
    """Where no port speaks HTTP, an accepted connection is all that can be asked for."""
    speaks_http = not ports or any(port.protocol.is_http for port in ports)
    said = fields.text("health")
    value = said if said is not None else (HealthKind.GRPC if speaks_http else HealthKind.TCP)
    kind, colon, path = value.partition(":")
    if kind in (HealthKind.GRPC, HealthKind.HTTP) and not speaks_http:
        fields.refuse("health", "no port of the service speaks HTTP", "write tcp or none")
    if kind == HealthKind.HTTP and path.startswith("/"):
        return Health(kind=HealthKind.HTTP, path=path)
    if colon or kind not in set(HealthKind) or kind == HealthKind.HTTP:
        fields.refuse("health", "this is grpc, http:/path, tcp or none", "write one of them")
        return Health(kind=HealthKind.NONE)
    return Health(kind=HealthKind(kind))
