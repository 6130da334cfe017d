"""What a listener tells about its calls.

Without a word in mesh config and Telemetry every call is traced to the mesh and written to the proxy's own log, for
that is what a mesh on one machine is for. What they say is done as Istio does it.
"""

from collections.abc import Iterable

from envoy.config.accesslog.v3.accesslog_pb2 import AccessLog
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
    RequestIDExtension,
)
from envoy.extensions.request_id.uuid.v3.uuid_pb2 import UuidRequestIdConfig

from loopmesh.compile.dry_run_tags import dry_run_tags
from loopmesh.compile.index import MeshIndex
from loopmesh.compile.messages import pack
from loopmesh.compile.telemetry.logs import chosen_logs
from loopmesh.compile.telemetry.scope import telemetry_of
from loopmesh.compile.telemetry.spans import chosen_spans
from loopmesh.compile.tracing import tracing
from loopmesh.model.telemetry import Side
from loopmesh.model.topology import Workload


def observe(index: MeshIndex, workload: Workload, side: Side, manager: HttpConnectionManager) -> None:
    """Adds spans and log lines to the manager; none at all where nobody takes them."""
    manager.access_log.extend(access_logs(index, workload, side))
    if index.topology.trace_port is None:
        return
    spans = chosen_spans(index.policies.settings, telemetry_of(index.policies, workload), workload, side)
    if spans is None:
        return
    has_dry_runs = any(policy.is_dry_run for policy in index.authorization_policies.of(workload))
    notes = dry_run_tags() if has_dry_runs else ()
    manager.tracing.CopyFrom(tracing(workload, spans.sampling_percent, spans.tags, notes, spans.longest_path_tag))
    if not spans.sampled_by_request_id:
        config = UuidRequestIdConfig()
        config.use_request_id_for_trace_sampling.value = False
        manager.request_id_extension.CopyFrom(RequestIDExtension(typed_config=pack(config)))


def access_logs(index: MeshIndex, workload: Workload, side: Side) -> Iterable[AccessLog]:
    """For calls, and for connections whose calls cannot be told apart."""
    if index.topology.trace_port is None:
        return ()
    return chosen_logs(index.policies.settings, telemetry_of(index.policies, workload), side)
