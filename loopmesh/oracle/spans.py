"""Spans go to the mesh's own receiver, whichever collector a provider names, and say which proxy made them.

Which calls are traced, and what their spans hold besides, stays as Istio says. Only where nobody names a collector, so
that Istio's proxies would make spans for nobody, the mesh has them, and of every call unless it is told of how many.
"""

from collections.abc import Mapping
from typing import Any as Anything

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.trace.v3.opentelemetry_pb2 import OpenTelemetryConfig
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
)
from envoy.extensions.tracers.opentelemetry.resource_detectors.v3.static_config_resource_detector_pb2 import (
    StaticConfigResourceDetectorConfig,
)
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2 as _options  # noqa: F401 # packed by name below
from google.protobuf.any_pb2 import Any
from google.protobuf.json_format import ParseDict

from loopmesh.model.topology import LOOPBACK, Workload, WorkloadKind
from loopmesh.oracle.addresses import tcp
from loopmesh.oracle.connection_managers import change_managers

RECEIVER = "spans"
EVERY_CALL = 100.0
TRACER = "envoy.tracers.opentelemetry"
WHO = "envoy.tracers.opentelemetry.resource_detectors.static_config"
HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def receiver(port: int) -> Cluster:
    """Every proxy has it: what a Sidecar lets programs see is not about spans."""
    options = {"@type": f"type.googleapis.com/{HTTP_OPTIONS}", "explicit_http_config": {"http2_protocol_options": {}}}
    said = {"name": RECEIVER, "type": "STATIC", "typed_extension_protocol_options": {HTTP_OPTIONS: options}}
    cluster: Cluster = ParseDict(said, Cluster())
    cluster.load_assignment.cluster_name = RECEIVER
    cluster.load_assignment.endpoints.add().lb_endpoints.add().endpoint.address.CopyFrom(tcp(LOOPBACK, port))
    return cluster


def unnamed_sampling_percent(mesh_config: Mapping[str, Anything]) -> float:
    """Of a mesh whose collector nobody names; a sampling of 0 is the same as none said (Istio
    `proxyConfigSamplingValue`)."""
    tracing = (mesh_config.get("defaultConfig") or {}).get("tracing") or {}
    return float(tracing.get("sampling") or EVERY_CALL)


def send_spans_here(listener: Listener, workload: Workload, unnamed_percent: float) -> None:
    """Leaves HTTP without spans as it is; `unnamed_percent` of the calls are traced where no collector is named."""

    def send_here(manager: HttpConnectionManager) -> None:
        if manager.HasField("tracing"):
            _name_collector(manager.tracing, workload, unnamed_percent)
            _redirect(manager.tracing.provider.typed_config, workload)

    change_managers([*listener.filter_chains, listener.default_filter_chain], send_here)


def _name_collector(tracing: HttpConnectionManager.Tracing, workload: Workload, percent: float) -> None:
    """As Istio configures one that is named (`configureFromProviderConfig`)."""
    if not tracing.HasField("provider"):
        tracing.provider.name = TRACER
        tracing.provider.typed_config.Pack(OpenTelemetryConfig())
        tracing.random_sampling.value = percent
        tracing.spawn_upstream_span.value = workload.kind is WorkloadKind.GATEWAY


def _redirect(provider: Any, workload: Workload) -> None:
    config = OpenTelemetryConfig()
    if not provider.Unpack(config):
        return
    config.ClearField("http_service")
    config.grpc_service.Clear()
    config.grpc_service.envoy_grpc.cluster_name = RECEIVER
    config.service_name = workload.service
    del config.resource_detectors[:]
    config.resource_detectors.add(name=WHO).typed_config.Pack(_who(workload), deterministic=True)
    provider.Pack(config, deterministic=True)


def _who(workload: Workload) -> StaticConfigResourceDetectorConfig:
    """The attributes by which the mesh's receiver knows proxies."""
    who = {"service.namespace": workload.namespace, "service.instance.id": workload.name, "loopmesh.role": "proxy"}
    return StaticConfigResourceDetectorConfig(attributes=who)
