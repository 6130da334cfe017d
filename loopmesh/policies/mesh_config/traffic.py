"""How calls are made where no DestinationRule says so."""

from enum import StrEnum

from loopmesh.model.destinations.connection_pool import ConnectionPool
from loopmesh.model.destinations.outlier_detection import OutlierDetection
from loopmesh.model.mesh_settings import TrafficDefaults
from loopmesh.model.policy import Source
from loopmesh.policies.destinations.connection_pool import read_connection_pool, read_tcp_keepalive
from loopmesh.policies.destinations.outlier_detection import read_outlier_detection
from loopmesh.policies.fields import Fields


class _Upgrade(StrEnum):
    DO_NOT_UPGRADE = "DO_NOT_UPGRADE"
    UPGRADE = "UPGRADE"


def read_traffic_defaults(source: Source, fields: Fields) -> TrafficDefaults:
    """From the top of the mesh config, which is the source."""
    pool, outliers = fields.object("defaultTrafficPolicy", lambda inside: _policy(source, inside)) or (None, None)
    return TrafficDefaults(
        connection_pool=pool,
        outlier_detection=outliers,
        tcp_keepalive=fields.object("tcpKeepalive", read_tcp_keepalive),
        http2_upgrade=fields.choice("h2UpgradePolicy", _Upgrade) is _Upgrade.UPGRADE,
    )


def _policy(source: Source, fields: Fields) -> tuple[ConnectionPool | None, OutlierDetection | None]:
    pool = fields.object("connectionPool", lambda inside: read_connection_pool(source, inside))
    return pool, fields.object("outlierDetection", lambda inside: read_outlier_detection(source, inside))
