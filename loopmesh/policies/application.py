"""The Helm values file: what runs. Enters: a path. Leaves: the application, or every problem of the file."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from loopmesh.model.application import (
    Application,
    GatewayWorkload,
    Health,
    HealthKind,
    Listen,
    Port,
    Protocol,
    Service,
    Version,
)
from loopmesh.model.problem import InvalidInputError, Origin, Problem
from loopmesh.policies.fields import Fields
from loopmesh.policies.policy_set import read_files
from loopmesh.policies.yaml_tree import Node, parse_yaml

NAME = re.compile(r"[a-z]([a-z0-9-]{0,40}[a-z0-9])?")
NAME_RULE = "a name is lower-case letters, digits and `-`, at most 42, and begins with a letter"
KUBERNETES_ONLY = ("image", "imagePullSecrets", "nameOverride", "fullnameOverride", "global", "postgresql")
"""Keys of the chart that say nothing about processes on one machine."""
KUBERNETES_ONLY_OF_A_SERVICE = (
    "image",
    "resources",
    "autoscaling",
    "podDisruptionBudget",
    "networkPolicy",
    "topologySpreadConstraints",
    "nodeSelector",
    "tolerations",
    "affinity",
    "podAnnotations",
    "podLabels",
    "terminationGracePeriodSeconds",
    "storage",
)
PROTOCOLS = {
    "grpc": Protocol.GRPC,
    "http2": Protocol.HTTP2,
    "http": Protocol.HTTP,
}
MOST_REPLICAS = 100
ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][-A-Za-z0-9_.]*")


def read_application(path: Path) -> Application:
    """Raises InvalidInputError with all problems."""
    if path.is_dir():
        raise _whole(path, "a values file is a file", "name the file")
    ((name, content),) = read_files([path])
    problems: list[Problem] = []
    nodes = parse_yaml(name, content)
    if len(nodes) != 1:
        raise _whole(path, f"a values file is one document, this has {len(nodes)}", "write one document")
    application = Fields.read(nodes[0], "", problems, _application)
    if problems:
        raise InvalidInputError(problems)
    return application


def _whole(path: Path, rule: str, remedy: str) -> InvalidInputError:
    return InvalidInputError(
        [Problem(origin=Origin(file=str(path), line=0), value=str(path), rule=rule, remedy=remedy)]
    )


def _application(fields: Fields) -> Application:
    fields.ignore(*KUBERNETES_ONLY)
    namespace = _name(fields, "namespace")
    services = fields.named_objects("services", lambda name, inside: _service(name, namespace, inside))
    gateways = fields.named_objects("gateways", lambda name, inside: _gateway(name, namespace, inside))
    if not services:
        fields.refuse(None, "`services` has at least one service", "add a service")
    for name in set(services) & set(gateways):
        fields.refuse("gateways", f"`{name}` is a service too", "rename one of the two")
    _check_workload_names(services.values(), gateways.values(), fields)
    return Application(namespace=namespace, services=tuple(services.values()), gateways=tuple(gateways.values()))


def _check_workload_names(services: Iterable[Service], gateways: Iterable[GatewayWorkload], fields: Fields) -> None:
    """`a` in version `b-c` and `a-b` in version `c` would both run as `a-b-c-0`."""
    owners: dict[str, str] = {gateway.name: f"gateway {gateway.name}" for gateway in gateways}
    for service in services:
        for version in service.versions:
            owner = f"service {service.name} in version {version.name}"
            other = owners.setdefault(f"{service.name}-{version.name}", owner)
            if other != owner:
                fields.refuse("services", f"{owner} and {other} would run under one name", "rename one of them")


def _name(fields: Fields, key: str) -> str:
    value = fields.text(key, required=True) or ""
    if value and not NAME.fullmatch(value):
        fields.refuse(key, NAME_RULE, "rename it")
    return value


def _check_name(name: str, fields: Fields) -> None:
    if not NAME.fullmatch(name):
        fields.refuse(None, NAME_RULE, "rename it")


def _service(name: str, namespace: str, fields: Fields) -> Service:
    _check_name(name, fields)
    fields.ignore(*KUBERNETES_ONLY_OF_A_SERVICE)
    command, env = fields.texts("command"), _environment(fields)
    ports = _ports(fields)
    listen = fields.choice("listen", Listen) or Listen.UNIX
    versions = fields.named_objects("versions", lambda version, inside: _version(version, command, env, inside))
    if not fields.has("versions") or fields.is_empty("versions"):
        fields.refuse(None, "`versions` has at least one version", "add `versions: {v1: {replicas: 1}}`")
    return Service(
        name=name,
        namespace=namespace,
        ports=ports,
        versions=tuple(versions.values()),
        listen=listen,
        health=_health(fields),
        stateful=bool(fields.boolean("stateful")),
        origin=fields.origin,
    )


def _version(name: str, command: tuple[str, ...], env: Mapping[str, str], fields: Fields) -> Version:
    _check_name(name, fields)
    fields.ignore(*KUBERNETES_ONLY_OF_A_SERVICE)
    replicas = fields.integer("replicas", least=0, most=MOST_REPLICAS)
    own = fields.texts("command")
    if not (own or command or fields.has("command")):
        fields.refuse(None, "neither the service nor the version has a `command`", "add the program to run")
    return Version(
        name=name,
        replicas=1 if replicas is None else replicas,
        command=own or command,
        env={**env, **_environment(fields)},
    )


def _environment(fields: Fields) -> Mapping[str, str]:
    settings = fields.settings("env")
    for name in settings:
        if not ENVIRONMENT_NAME.fullmatch(name):
            fields.refuse("env", f"`{name}` is no name of a variable", "use letters, digits, `_`, `-` and `.`")
    return settings


def _ports(fields: Fields) -> tuple[Port, ...]:
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
    """The part of the name before the first `-` is the protocol (Istio, protocol selection); plain TCP is not run."""
    number = node.value
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= 65535:
        fields.refuse("ports", f"`{name}` is a number from 1 to 65535", "write such a number", at=node)
        return None
    protocol = PROTOCOLS.get(name.partition("-")[0])
    if protocol is None:
        rule = f"the name says the protocol, as in Istio, and `{name}` is none of {', '.join(PROTOCOLS)}"
        fields.refuse("ports", rule, "name it `grpc`, `http2`, `http` or `http-…`", at=node)
        return None
    return Port(name=name, number=number, protocol=protocol)


def _health(fields: Fields) -> Health:
    value = fields.text("health") or HealthKind.GRPC
    kind, _, path = value.partition(":")
    if kind == HealthKind.HTTP and path.startswith("/"):
        return Health(kind=HealthKind.HTTP, path=path)
    if path or kind not in set(HealthKind) or kind == HealthKind.HTTP:
        fields.refuse("health", "this is grpc, http:/path, tcp or none", "write one of them")
        return Health(kind=HealthKind.NONE)
    return Health(kind=HealthKind(kind))


def _gateway(name: str, namespace: str, fields: Fields) -> GatewayWorkload:
    _check_name(name, fields)
    fields.ignore(*KUBERNETES_ONLY_OF_A_SERVICE)
    labels = fields.labels("labels")
    if not labels:
        fields.refuse(None, "`labels` says how Gateway policies select it", "add `labels: {istio: edge}`")
    replicas = fields.integer("replicas", least=0, most=MOST_REPLICAS)
    return GatewayWorkload(
        name=name,
        namespace=namespace,
        labels=labels,
        replicas=1 if replicas is None else replicas,
        origin=fields.origin,
    )
