"""The client side of a sidecar: the Unix socket through which the program calls everybody else."""

from envoy.config.core.v3.base_pb2 import OUTBOUND
from envoy.config.listener.v3.listener_components_pb2 import FilterChain
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import Rds

from loopmesh.compile import names, sockets
from loopmesh.compile.ads import ADS
from loopmesh.compile.called_names import called_name_filter
from loopmesh.compile.connection_manager import NamedFilter, as_network_filter, connection_manager
from loopmesh.compile.routes.filters import route_filters
from loopmesh.compile.telemetry import observe
from loopmesh.compile.view import View
from loopmesh.model.telemetry import Side
from loopmesh.model.topology import Workload


def outbound_listener(view: View, workload: Workload) -> Listener:
    """One listener for all services; the route is found by `:authority`."""
    manager = connection_manager(view.index.policies.settings, "outbound", outbound_filters(view))
    observe(view.index, workload, Side.CLIENT, manager)
    manager.rds.CopyFrom(Rds(config_source=ADS, route_config_name=names.OUTBOUND_ROUTES))
    return Listener(
        name="outbound",
        address=sockets.pipe(sockets.OUTBOUND),
        traffic_direction=OUTBOUND,
        filter_chains=[FilterChain(filters=[as_network_filter(manager)])],
    )


def outbound_filters(view: View) -> list[NamedFilter]:
    """What calls of a program pass."""
    return [*route_filters(), *([called_name_filter()] if view.looks_up_called_names else [])]
