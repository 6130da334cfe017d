"""The configuration a running proxy has, read back from it: also what Istio's generator made, or what was before a
refused change."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from google.protobuf import descriptor_pool, json_format, message_factory
from google.protobuf.message import Message

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.proxy_admin import ask_proxy_json
from loopmesh.cli.rule_names import policy_name
from loopmesh.oracle.packed_types import load_package
from loopmesh.simulate import Proxy
from loopmesh.simulate.origin import Rule
from loopmesh.simulate.proxy import TYPE_URL

TYPE = "@type"
STRUCT = "type.googleapis.com/google.protobuf.Struct"
HOLDERS = ("listener", "cluster", "route_config", "endpoint_config")
"""Where the parts of a dump keep what they are about."""
KINDS = {
    Listener: "dynamic_listeners",
    Cluster: "dynamic_active_clusters",
    RouteConfiguration: "dynamic_route_configs",
    ClusterLoadAssignment: "dynamic_endpoint_configs&include_eds",
}
"""How the admin interface calls them."""


def live_proxy(workload: admin_pb2.WorkloadStatus) -> Proxy:
    """Reading what it has raises CommandError when the proxy does not answer."""
    rules = workload.token_rules.items()
    return Proxy(
        name=workload.name,
        spiffe_id=workload.spiffe_id,
        resources={
            TYPE_URL + kind.DESCRIPTOR.full_name: _Messages(workload.envoy_admin_socket, asked)
            for kind, asked in KINDS.items()
        },
        token_rules={name: Rule(policy=policy_name(rule.policy), place=rule.place) for name, rule in rules},
    )


class _Messages(Mapping[str, Message]):
    """Of one kind, by name. The proxy is asked when one is looked for, as at a server nobody does for clusters; a
    message is made when it is asked for, for a call meets few of them."""

    def __init__(self, admin_socket: str, kind: str) -> None:
        self._admin_socket = admin_socket
        self._kind = kind
        self._made: dict[str, Message] = {}

    @cached_property
    def _dumped(self) -> Mapping[str, dict[str, Any]]:
        found = _resources(ask_proxy_json(self._admin_socket, f"/config_dump?resource={self._kind}"))
        return {one.get("name") or one.get("cluster_name", ""): one for one in found}

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
            elif key not in ("warming_state", "draining_state", "error_state"):
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
