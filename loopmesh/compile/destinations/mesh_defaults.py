"""What the mesh's settings say of connections where a policy does not (Istio `applyDefaultTrafficPolicy`)."""

from dataclasses import replace

from loopmesh.model.application import Protocol
from loopmesh.model.destinations.connection_pool import ConnectionPool, Http2Upgrade, TcpKeepalive
from loopmesh.model.mesh_settings import MeshSettings, TrafficDefaults
from loopmesh.model.traffic import TrafficPolicy


def with_mesh_defaults(policy: TrafficPolicy, settings: MeshSettings, protocol: Protocol) -> TrafficPolicy:
    """A policy's connection pool and outlier detection count as a whole, each where it has one."""
    defaults = settings.traffic
    pool = policy.connection_pool or defaults.connection_pool or ConnectionPool()
    return replace(
        policy,
        connection_pool=replace(
            pool,
            tcp_keepalive=_keepalive(pool.tcp_keepalive, defaults.tcp_keepalive),
            http2_upgrade=_upgrade(pool.http2_upgrade, defaults, protocol),
        ),
        outlier_detection=policy.outlier_detection or defaults.outlier_detection,
    )


def _keepalive(own: TcpKeepalive | None, default: TcpKeepalive | None) -> TcpKeepalive | None:
    """Each of its three values by itself."""
    if own is None or default is None:
        return own or default
    return TcpKeepalive(
        probes=own.probes or default.probes,
        time_s=own.time_s or default.time_s,
        interval_s=own.interval_s or default.interval_s,
    )


def _upgrade(own: Http2Upgrade, defaults: TrafficDefaults, protocol: Protocol) -> Http2Upgrade:
    """The mesh upgrades ports that are named for HTTP only (Istio `shouldH2Upgrade`)."""
    is_for_mesh = own is Http2Upgrade.DEFAULT and protocol.is_http
    return Http2Upgrade.UPGRADE if is_for_mesh and defaults.http2_upgrade else own
