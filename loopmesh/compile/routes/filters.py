"""The filters that do what routes tell them."""

from loopmesh.compile.connection_manager import NamedFilter
from loopmesh.compile.routes.cors import cors_filter
from loopmesh.compile.routes.fault import fault_filter


def route_filters() -> list[NamedFilter]:
    """On every way out: from a sidecar's program, from a forwarded port, through a gateway."""
    return [fault_filter(), cors_filter()]
