"""What a listener tells about its calls.

Without a word in the mesh config every call is traced to the mesh and written to the proxy's own log, for that is what
a mesh on one machine is for. What the mesh config says is done as Istio does it.
"""

from collections.abc import Iterator

from envoy.config.accesslog.v3.accesslog_pb2 import AccessLog
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
)

from loopmesh.compile.access_log import mesh_log, own_log, provider_log
from loopmesh.compile.index import MeshIndex
from loopmesh.compile.tracing import EVERY_CALL, tracing
from loopmesh.model.mesh_settings import MeshSettings
from loopmesh.model.provider import LogFile
from loopmesh.model.span_tag import SpanTag, TagKind
from loopmesh.model.topology import Workload

ISTIO_SAMPLING_PERCENT = 1.0
"""What Istio samples where a provider is named and no percentage (PILOT_TRACE_SAMPLING)."""
LATEST = "latest"


def observe(index: MeshIndex, workload: Workload, manager: HttpConnectionManager) -> None:
    """Adds spans and log lines to the manager; none at all where nobody takes them."""
    settings = index.policies.settings
    if index.topology.trace_port is not None and settings.tracing.enabled:
        spans = settings.tracing
        tags = [*spans.tags, *(_istio_tags(workload) if spans.istio_tags else ())]
        manager.tracing.CopyFrom(tracing(workload, _sampling(settings), tags, spans.longest_path_tag))
    manager.access_log.extend(access_logs(index))


def _sampling(settings: MeshSettings) -> float:
    unsaid = ISTIO_SAMPLING_PERCENT if settings.default_tracing else EVERY_CALL
    return settings.tracing.sampling_percent or unsaid


def access_logs(index: MeshIndex) -> Iterator[AccessLog]:
    """Default providers count before the mesh's own file (Istio `setHTTPAccessLog`)."""
    if index.topology.trace_port is None:
        return
    settings = index.policies.settings
    if settings.default_logging:
        for name in sorted(settings.default_logging):
            provider = settings.providers[name]
            if isinstance(provider, LogFile):
                yield provider_log(settings, provider)
    elif settings.log_file:
        yield mesh_log(settings)
    else:
        yield own_log()


def _istio_tags(workload: Workload) -> Iterator[SpanTag]:
    """Those Istio puts on every span unless it is told not to (`buildServiceTags`)."""
    values = {
        "istio.canonical_revision": workload.version or LATEST,
        "istio.canonical_service": workload.service,
        "istio.mesh_id": "cluster.local",
        "istio.namespace": workload.namespace,
        "istio.cluster_id": "Kubernetes",
    }
    return (SpanTag(name=name, kind=TagKind.LITERAL, value=value) for name, value in values.items())
