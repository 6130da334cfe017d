"""The HTTP connection manager: settings all listeners share, and the order of the filters."""

from collections.abc import Iterable
from dataclasses import dataclass

from envoy.config.listener.v3.listener_components_pb2 import Filter
from envoy.extensions.filters.http.grpc_stats.v3.config_pb2 import FilterConfig as GrpcStats
from envoy.extensions.filters.http.router.v3.router_pb2 import Router
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
    HttpFilter,
)
from google.protobuf.message import Message

from loopmesh.compile.messages import duration, pack
from loopmesh.model.mesh_settings import MeshSettings, PathNormalization

NAME = "envoy.filters.network.http_connection_manager"
SERVER_NAME = "istio-envoy"
"""What a server's proxy puts into the `server` header of responses."""
FILTER_ORDER = (
    "envoy.filters.http.ext_authz",  # Istio asks authorizers, and notes what about, before it looks at tokens
    "envoy.filters.http.jwt_authn",  # notes the claims of a token for the rules after it
    "envoy.filters.http.rbac",  # who may not call is refused before anything is done for them
    "envoy.filters.http.grpc_web",  # what comes after it sees gRPC
    "envoy.filters.http.grpc_stats",  # counts calls by their gRPC status
    "envoy.filters.http.fault",  # what a route puts in counts for authorized requests only
    "envoy.filters.http.cors",  # a foreign page's question is answered before the program is asked
    "envoy.filters.http.dynamic_forward_proxy",  # looks a name up that only a pattern is known of
    "envoy.filters.http.router",  # the last by Envoy's own rule
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFilter:
    """`place` is one of FILTER_ORDER."""

    place: str
    name: str
    config: Message


GRPC_STATS = NamedFilter(
    place="envoy.filters.http.grpc_stats",
    name="envoy.filters.http.grpc_stats",
    config=GrpcStats(emit_filter_state=True, stats_for_all_methods={"value": False}),
)
ROUTER = NamedFilter(place="envoy.filters.http.router", name="envoy.filters.http.router", config=Router())


def connection_manager(
    settings: MeshSettings, prefix: str, filters: Iterable[NamedFilter] = ()
) -> HttpConnectionManager:
    """A manager without routes yet. Streams may stay idle for ever. Its statistics end their `prefix` as Istio's do."""
    manager = HttpConnectionManager(
        stat_prefix=f"{prefix};",
        proxy_100_continue=True,
        http_filters=ordered([*filters, GRPC_STATS, ROUTER]),
        stream_idle_timeout=duration(0),
        upgrade_configs=[HttpConnectionManager.UpgradeConfig(upgrade_type="websocket")],
    )
    _normalize(manager, settings.path_normalization)
    return manager


def _normalize(manager: HttpConnectionManager, normalization: PathNormalization) -> None:
    """Each step includes those before it (Istio `buildHTTPConnectionManager`)."""
    decodes = normalization is PathNormalization.DECODE_AND_MERGE_SLASHES
    manager.normalize_path.value = normalization is not PathNormalization.NONE
    manager.merge_slashes = decodes or normalization is PathNormalization.MERGE_SLASHES
    escaped = HttpConnectionManager.UNESCAPE_AND_FORWARD if decodes else HttpConnectionManager.KEEP_UNCHANGED
    manager.path_with_escaped_slashes_action = escaped


def ordered(filters: Iterable[NamedFilter]) -> list[HttpFilter]:
    """Sorted by their places; filters of one place keep the order given."""
    chosen = sorted(filters, key=lambda one: FILTER_ORDER.index(one.place))
    return [HttpFilter(name=one.name, typed_config=_packed(one.config)) for one in chosen]


def _packed(config: Message) -> Message:
    return config if config.DESCRIPTOR.full_name == "google.protobuf.Any" else pack(config)


def as_network_filter(manager: HttpConnectionManager) -> Filter:
    return Filter(name=NAME, typed_config=pack(manager))
