"""The Helm values file: what runs. Enters: a path. Leaves: the application, or every problem of the file."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from loopmesh.model.application import Application, GatewayWorkload, Listen, Service, Version
from loopmesh.model.problem import InvalidInputError, Origin, Problem
from loopmesh.policies.fields import Fields
from loopmesh.policies.input_files import is_folder, read_files, shown
from loopmesh.policies.service_ports import read_health, read_ports
from loopmesh.policies.values_fields import ValuesFields, refuse_nulls
from loopmesh.policies.workload_labels import read_labels
from loopmesh.policies.yaml_tree import parse_yaml

NAME = re.compile(r"[a-z]([a-z0-9-]{0,40}[a-z0-9])?")
NAME_RULE = "a name is lower-case letters, digits and `-`, at most 42, and begins with a letter"
KUBERNETES_ONLY = (
    "global",
    "image",
    "imagePullSecrets",
    "meshPolicies",
    "monitoring",
    "postgresql",
    "resources",
    "tests",
    "tracing",
)
"""Keys of the chart that say nothing about processes on one machine."""
KUBERNETES_ONLY_OF_A_VERSION = ("autoscaling", "image", "resources")
KUBERNETES_ONLY_OF_A_GATEWAY = (
    "podAnnotations",
    "podDisruptionBudget",
    "resources",
    "service",
    "terminationGracePeriodSeconds",
)
KUBERNETES_ONLY_OF_A_SERVICE = (
    *KUBERNETES_ONLY_OF_A_VERSION,
    "affinity",
    "database",
    "migrate",
    "nodeSelector",
    "podAnnotations",
    "podDisruptionBudget",
    "podLabels",
    "terminationGracePeriodSeconds",
    "tolerations",
    "topologySpreadConstraints",
)
OWN_LABELS_OF_A_GATEWAY = ("app.kubernetes.io/part-of", "sidecar.istio.io/inject")
OWN_LABELS = ("app", "version", *OWN_LABELS_OF_A_GATEWAY)
"""Set on every instance, as the chart sets them on its pods."""
MOST_REPLICAS = 100
LONGEST_STATEFUL = 52
"""The pods of a StatefulSet have its name and a hash of ten digits as a label, which has at most 63 characters."""
TOLD_VARIABLES = ("HOSTNAME", "LISTEN_ADDR", "LOOPMESH_RUNTIME", "MESH_OUTBOUND", "POD_NAME")
TOLD_ADDRESS = "MESH_TCP_"
PORT = "PORT"
"""Told where the program listens on TCP."""
ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][-A-Za-z0-9_.]*")


def read_application(path: Path) -> Application:
    """Raises InvalidInputError with all problems."""
    if is_folder(path):
        raise _whole(path, "a values file is a file", "name the file")
    if _is_missing(path):
        raise _whole(path, "there is no such values file, which says what runs", "name one with --values")
    ((name, content),) = read_files([path])
    problems: list[Problem] = []
    nodes = parse_yaml(name, content)
    if len(nodes) != 1:
        raise _whole(path, f"a values file is one document, this has {len(nodes)}", "write one document")
    application = ValuesFields.read(nodes[0], "", problems, _application)
    if problems:
        raise InvalidInputError(problems)
    return application


def _is_missing(path: Path) -> bool:
    """Not one that is there and cannot be seen; reading it tells why."""
    try:
        path.stat()
    except OSError as error:
        return isinstance(error, FileNotFoundError)
    return False


def _whole(path: Path, rule: str, remedy: str) -> InvalidInputError:
    return InvalidInputError([Problem(origin=Origin(file=shown(path), line=0), value="", rule=rule, remedy=remedy)])


def _application(fields: Fields) -> Application:
    fields.ignore(*KUBERNETES_ONLY)
    namespace = _name(fields, "namespace")
    services = fields.named_objects("services", lambda key, inside: _service(key, namespace, inside))
    gateways = fields.named_objects("gateways", lambda name, inside: _gateway(name, namespace, inside))
    if not services:
        fields.refuse(None, "`services` has at least one service", "add a service")
    _check_gateway_names(services, gateways.values(), fields)
    _check_workload_names(services.values(), gateways.values(), fields)
    _check_hosts(services.values(), fields)
    return Application(namespace=namespace, services=tuple(services.values()), gateways=tuple(gateways.values()))


def _check_gateway_names(services: Mapping[str, Service], gateways: Iterable[GatewayWorkload], fields: Fields) -> None:
    called = {(service.namespace, service.name) for service in services.values()}
    for gateway in gateways:
        if gateway.name in services or (gateway.namespace, gateway.name) in called:
            fields.refuse("gateways", f"`{gateway.name}` is a service too", "rename one of the two")


def _check_workload_names(services: Iterable[Service], gateways: Iterable[GatewayWorkload], fields: Fields) -> None:
    """`a` in version `b-c` and `a-b` in version `c` would both run as `a-b-c-0` here and as `a-b-c` on Kubernetes."""
    owners: dict[str, str] = {}
    for gateway in gateways:
        owners |= dict.fromkeys((gateway.name, f"{gateway.name}.{gateway.namespace}"), f"gateway {gateway.name}")
    for service in services:
        for version in service.versions:
            owner = f"service {service.key} in version {version.name}"
            names = (f"{service.key}-{version.name}", f"{service.name}-{version.name}.{service.namespace}")
            for other in sorted({owners.setdefault(name, owner) for name in names} - {owner}):
                fields.refuse("services", f"{other} and {owner} would run under one name", "rename one of them")


def _check_hosts(services: Iterable[Service], fields: Fields) -> None:
    owners: dict[str, str] = {}
    for service in services:
        other = owners.setdefault(service.host, service.key)
        if other != service.key:
            rule = f"`{other}` and `{service.key}` are both {service.host}"
            fields.refuse("services", rule, "give one of them another `name` or `namespace`")


def _name(fields: Fields, key: str) -> str:
    value = fields.text(key, required=True) or ""
    if value and not NAME.fullmatch(value):
        fields.refuse(key, NAME_RULE, "rename it")
    return value


def _optional_name(fields: Fields, key: str, default: str) -> str:
    return _name(fields, key) if fields.has(key) else default


def _check_name(name: str, fields: Fields) -> None:
    if not NAME.fullmatch(name):
        fields.refuse(None, NAME_RULE, "rename it")


def _service(key: str, namespace: str, fields: Fields) -> Service:
    """`key` is what the values call it; its name is the same unless another namespace has a service of that name."""
    _check_name(key, fields)
    refuse_nulls(fields)
    fields.ignore(*KUBERNETES_ONLY_OF_A_SERVICE)
    listen = fields.choice("listen", Listen) or Listen.UNIX
    shared = _Shared(
        command=_command(fields),
        env=_environment(fields, listen),
        labels=read_labels(fields, OWN_LABELS),
        listen=listen,
    )
    ports = read_ports(fields)
    versions = fields.named_objects("versions", lambda version, inside: _version(version, shared, inside))
    if not fields.has("versions") or fields.is_empty("versions"):
        fields.refuse(None, "`versions` has at least one version", "add `versions: {v1: {replicas: 1}}`")
    name = _optional_name(fields, "name", key)
    stateful = bool(fields.boolean("stateful"))
    for workload in (f"{name}-{version}" for version in versions if stateful):
        if len(workload) > LONGEST_STATEFUL:
            fields.refuse(
                "stateful", f"`{workload}` has more than {LONGEST_STATEFUL} characters", "shorten one of the names"
            )
    return Service(
        name=name,
        alias=key,
        namespace=_optional_name(fields, "namespace", namespace),
        service_account=_optional_name(fields, "serviceAccount", ""),
        ports=ports,
        versions=tuple(versions.values()),
        listen=listen,
        health=read_health(fields, ports),
        stateful=stateful,
        origin=fields.origin,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shared:
    """What a service says for all its versions."""

    command: tuple[str, ...]
    env: Mapping[str, str]
    labels: Mapping[str, str]
    listen: Listen


def _version(name: str, shared: _Shared, fields: Fields) -> Version:
    _check_name(name, fields)
    refuse_nulls(fields)
    fields.ignore(*KUBERNETES_ONLY_OF_A_VERSION)
    replicas = fields.integer("replicas", least=0, most=MOST_REPLICAS)
    own = _command(fields)
    if not (own or shared.command or fields.has("command")):
        fields.refuse(None, "neither the service nor the version has a `command`", "add the program to run")
    return Version(
        name=name,
        replicas=1 if replicas is None else replicas,
        command=own or shared.command,
        env={**shared.env, **_environment(fields, shared.listen)},
        labels={**shared.labels, **read_labels(fields, OWN_LABELS)},
    )


def _command(fields: Fields) -> tuple[str, ...]:
    if fields.is_empty("command"):
        fields.refuse("command", "a command has at least one word", "write the program to run, or remove it")
    return fields.texts("command")


def _environment(fields: Fields, listen: Listen) -> Mapping[str, str]:
    settings = fields.settings("env")
    told = {*TOLD_VARIABLES, PORT} if listen is Listen.TCP else TOLD_VARIABLES
    for name in settings:
        if not ENVIRONMENT_NAME.fullmatch(name):
            fields.refuse("env", f"`{name}` is no name of a variable", "use letters, digits, `_`, `-` and `.`")
        elif name in told or name.startswith(TOLD_ADDRESS):
            fields.refuse("env", f"`{name}` is what the mesh tells every program", f"remove `{name}`")
    return settings


def _gateway(name: str, namespace: str, fields: Fields) -> GatewayWorkload:
    _check_name(name, fields)
    refuse_nulls(fields)
    fields.ignore(*KUBERNETES_ONLY_OF_A_GATEWAY)
    labels = read_labels(fields, OWN_LABELS_OF_A_GATEWAY)
    if not labels:
        fields.refuse(None, "`labels` says how Gateway policies select it", "add `labels: {istio: edge}`")
    replicas = fields.integer("replicas", least=0, most=MOST_REPLICAS)
    return GatewayWorkload(
        name=name,
        namespace=_optional_name(fields, "namespace", namespace),
        service_account=_optional_name(fields, "serviceAccount", ""),
        labels=labels,
        replicas=1 if replicas is None else replicas,
        origin=fields.origin,
    )
