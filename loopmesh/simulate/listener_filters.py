"""Filters that look at a connection before a chain is chosen for it."""

from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.extensions.filters.listener.http_inspector.v3.http_inspector_pb2 import HttpInspector
from envoy.extensions.filters.listener.original_dst.v3.original_dst_pb2 import OriginalDst
from envoy.extensions.filters.listener.tls_inspector.v3.tls_inspector_pb2 import TlsInspector

from loopmesh.model.patch import Target
from loopmesh.simulate.part import Part, filter_part

KNOWN = frozenset(kind.DESCRIPTOR.full_name for kind in (HttpInspector, OriginalDst, TlsInspector))
"""They end no connection; what inspectors see is what chains are chosen by."""


def unknown_listener_filters(listener: Listener) -> tuple[Part, ...]:
    """Those whose effect is not simulated."""
    parts = (filter_part(Target.LISTENER_FILTER, one.name, one.typed_config) for one in listener.listener_filters)
    return tuple(part for part in parts if part.kind not in KNOWN)
