"""The configuration a running proxy has, read back from it: also what Istio's generator made, or what was before a
refused change."""

from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf import descriptor_pool, json_format, message_factory
from google.protobuf.message import Message

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.proxy_admin import ask_proxy_json
from loopmesh.cli.rule_names import policy_name
from loopmesh.oracle.packed_types import load_package
from loopmesh.simulate import Proxy
from loopmesh.simulate.origin import Rule

CONFIG_DUMP = "/config_dump?include_eds"
TYPE = "@type"
STRUCT = "type.googleapis.com/google.protobuf.Struct"
HOLDERS = ("listener", "cluster", "route_config", "endpoint_config")
"""Where the parts of a dump keep what they are about."""


def live_proxy(workload: admin_pb2.WorkloadStatus) -> Proxy:
    """Raises CommandError when the proxy does not answer."""
    dumped: dict[str, dict[str, dict[str, Any]]] = {}
    for found in _resources(ask_proxy_json(workload.envoy_admin_socket, CONFIG_DUMP)["configs"]):
        name = found.get("name") or found.get("cluster_name", "")
        dumped.setdefault(found[TYPE], {})[name] = found
    resources = {url: _Messages(by_name) for url, by_name in dumped.items()}
    return Proxy(
        name=workload.name,
        spiffe_id=workload.spiffe_id,
        resources=resources,
        token_rules={
            name: Rule(policy=policy_name(rule.policy), place=rule.place) for name, rule in workload.token_rules.items()
        },
    )


class _Messages(Mapping[str, Message]):
    """By name; made when they are asked for, for a call meets few of them."""

    def __init__(self, dumped: Mapping[str, dict[str, Any]]) -> None:
        self._dumped = dumped
        self._made: dict[str, Message] = {}

    def __getitem__(self, name: str) -> Message:
        if name not in self._made:
            self._made[name] = _message(self._dumped[name])
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._dumped)

    def __len__(self) -> int:
        return len(self._dumped)


def _resources(value: object) -> Iterator[dict[str, Any]]:
    """Every listener, cluster, route configuration and assignment of a dump; of two states, the active one."""
    if isinstance(value, list):
        for item in value:
            yield from _resources(item)
    elif isinstance(value, dict):
        for key, inside in value.items():
            if key in HOLDERS and isinstance(inside, dict) and TYPE in inside:
                yield inside
            elif key not in ("warming_state", "draining_state", "error_state", "bootstrap"):
                yield from _resources(inside)


def _message(found: dict[str, Any]) -> Message:
    kind = _type(found[TYPE])
    if kind is None:
        raise LookupError(found[TYPE])
    return json_format.ParseDict({key: _known(one) for key, one in found.items() if key != TYPE}, kind())


def _known(value: Any) -> Any:
    """What is packed in a type nobody knows becomes a plain structure, so that the rest can be read."""
    if isinstance(value, list):
        return [_known(item) for item in value]
    if not isinstance(value, dict):
        return value
    inside = {key: _known(one) for key, one in value.items()}
    if TYPE in value and _type(value[TYPE]) is None:
        return {TYPE: STRUCT, "value": inside}
    return inside


def _type(url: str) -> type[Message] | None:
    name = url.rpartition("/")[2]
    load_package(name.rpartition(".")[0])
    try:
        return message_factory.GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(name))
    except KeyError:
        return None
