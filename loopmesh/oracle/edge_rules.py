"""Authorization rules of a gateway about ports.

On a cluster a gateway listens on the port its policies name. Here it listens on another one, so what a rule asks of the
port is decided with the policy's own.
"""

from collections.abc import Iterable, Iterator

from envoy.config.listener.v3.listener_components_pb2 import Filter, FilterChain
from envoy.config.rbac.v3.rbac_pb2 import RBAC, Permission
from envoy.extensions.filters.http.rbac.v3 import rbac_pb2 as of_requests
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpFilter,
)
from envoy.extensions.filters.network.rbac.v3 import rbac_pb2 as of_connections
from google.protobuf.any_pb2 import Any

from loopmesh.oracle.connection_managers import change_managers


def decide_ports(chain: FilterChain, port: int) -> None:
    """`port` is the one the chain has on a cluster."""

    def decide(filters: Iterable[Filter | HttpFilter]) -> None:
        for one in filters:
            _decide_in(one.typed_config, port)

    change_managers([chain], lambda manager: decide(manager.http_filters))
    decide(chain.filters)


def _decide_in(config: Any, port: int) -> None:
    """Leaves other filters as they are."""
    for kind in (of_requests.RBAC(), of_connections.RBAC()):
        if config.Unpack(kind):
            _decide(kind.rules, port)
            _decide(kind.shadow_rules, port)
            config.Pack(kind, deterministic=True)


def _decide(rules: RBAC, port: int) -> None:
    for policy in rules.policies.values():
        for permission in policy.permissions:
            for asked in _about_ports(permission):
                is_met = asked.destination_port == port
                (asked if is_met else asked.not_rule).any = True


def _about_ports(permission: Permission) -> Iterator[Permission]:
    kind = permission.WhichOneof("rule")
    if kind == "destination_port":
        yield permission
    elif kind == "not_rule":
        yield from _about_ports(permission.not_rule)
    elif kind in ("and_rules", "or_rules"):
        for one in getattr(permission, kind).rules:
            yield from _about_ports(one)
