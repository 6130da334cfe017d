"""Changes to the configuration that was made for a proxy (Istio's EnvoyFilter), for what no other policy can say.

By nature they speak of the proxy's own parts: of listeners, chains, filters, routes and clusters.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from loopmesh.model.policy import Source, WorkloadSelector


class Target(StrEnum):
    """What is changed."""

    LISTENER = "LISTENER"
    LISTENER_FILTER = "LISTENER_FILTER"
    FILTER_CHAIN = "FILTER_CHAIN"
    NETWORK_FILTER = "NETWORK_FILTER"
    HTTP_FILTER = "HTTP_FILTER"
    ROUTE_CONFIGURATION = "ROUTE_CONFIGURATION"
    VIRTUAL_HOST = "VIRTUAL_HOST"
    HTTP_ROUTE = "HTTP_ROUTE"
    CLUSTER = "CLUSTER"


class Operation(StrEnum):
    MERGE = "MERGE"
    MERGE_AND_REPLACE_LIST = "MERGE_AND_REPLACE_LIST"
    ADD = "ADD"
    REMOVE = "REMOVE"
    REPLACE = "REPLACE"
    INSERT_BEFORE = "INSERT_BEFORE"
    INSERT_AFTER = "INSERT_AFTER"
    INSERT_FIRST = "INSERT_FIRST"


class Direction(StrEnum):
    """Which calls a part of the configuration is for."""

    ANY = "ANY"
    SIDECAR_INBOUND = "SIDECAR_INBOUND"
    SIDECAR_OUTBOUND = "SIDECAR_OUTBOUND"
    GATEWAY = "GATEWAY"


class ActionKind(StrEnum):
    ANY = "ANY"
    ROUTE = "ROUTE"
    REDIRECT = "REDIRECT"
    DIRECT_RESPONSE = "DIRECT_RESPONSE"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainMatch:
    """A chain of filters in a listener. `filter` None asks for none; `http_filter` is one inside an HTTP manager."""

    name: str = ""
    server_name: str = ""
    transport_protocol: str = ""
    application_protocols: tuple[str, ...] = ()
    destination_port: int = 0
    filter: str | None = None
    http_filter: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerMatch:
    """Empty text and port 0 match all."""

    name: str = ""
    port: int = 0
    listener_filter: str = ""
    chain: ChainMatch = ChainMatch()


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteMatch:
    """`asks_route` tells a match on some route from none at all, which matters for where a route is inserted."""

    name: str = ""
    port: int = 0
    port_name: str = ""
    gateway: str = ""
    host_name: str = ""
    domain: str = ""
    asks_route: bool = False
    route_name: str = ""
    action: ActionKind = ActionKind.ANY


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterMatch:
    """A name alone decides if there is one."""

    name: str = ""
    port: int = 0
    service: str = ""
    subset: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyMatch:
    """A proxy by what it says of itself: `version` is a regular expression that a part of its Istio version meets,
    empty for any; `metadata` are texts it must have, all of them (`Workload.metadata`)."""

    version: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


EVERY_PROXY = ProxyMatch()


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """`value` is the message of the target's type, serialised after it was checked; empty for REMOVE.

    Lower `priority` comes first, then the root namespace, then the order read.
    """

    source: Source
    selector: WorkloadSelector
    priority: int = 0
    target: Target
    operation: Operation
    direction: Direction = Direction.ANY
    proxy: ProxyMatch = EVERY_PROXY
    match: ListenerMatch | RouteMatch | ClusterMatch
    value: bytes = b""
