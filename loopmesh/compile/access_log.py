"""Lines proxies write for their calls: loopmesh's own where no policy speaks of logs, else files as Istio writes them.

Formats and their defaults are Istio's (pilot/pkg/model/telemetry_logging.go).
"""

from collections.abc import Iterator, Mapping

from envoy.config.accesslog.v3.accesslog_pb2 import AccessLog
from envoy.config.core.v3.base_pb2 import DataSource
from envoy.config.core.v3.extension_pb2 import TypedExtensionConfig
from envoy.config.core.v3.substitution_format_string_pb2 import JsonFormatOptions, SubstitutionFormatString
from envoy.extensions.access_loggers.file.v3.file_pb2 import FileAccessLog
from envoy.extensions.access_loggers.filters.cel.v3.cel_pb2 import ExpressionFilter
from envoy.extensions.access_loggers.stream.v3.stream_pb2 import StdoutAccessLog
from envoy.extensions.formatter.req_without_query.v3.req_without_query_pb2 import ReqWithoutQuery

from loopmesh.compile.messages import pack
from loopmesh.model.mesh_settings import BUILT_IN_LOG, MeshSettings
from loopmesh.model.provider import LogFile, LogFormat

OWN_LABELS = {
    "time": "%START_TIME%",
    "method": "%REQ(:METHOD)%",
    "path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
    "authority": "%REQ(:AUTHORITY)%",
    "status": "%RESPONSE_CODE%",
    "grpc_status": "%GRPC_STATUS(CAMEL_STRING)%",
    "flags": "%RESPONSE_FLAGS%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "duration_ms": "%DURATION%",
    "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
    "route": "%ROUTE_NAME%",
    "cluster": "%UPSTREAM_CLUSTER_RAW%",
    "upstream": "%UPSTREAM_HOST%",
    "caller": "%DOWNSTREAM_PEER_URI_SAN%",
    "trace_id": "%TRACE_ID%",
}
ISTIO_LABELS = {
    "start_time": "%START_TIME%",
    "route_name": "%ROUTE_NAME%",
    "method": "%REQ(:METHOD)%",
    "path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
    "protocol": "%PROTOCOL%",
    "response_code": "%RESPONSE_CODE%",
    "response_flags": "%RESPONSE_FLAGS%",
    "response_code_details": "%RESPONSE_CODE_DETAILS%",
    "connection_termination_details": "%CONNECTION_TERMINATION_DETAILS%",
    "bytes_received": "%BYTES_RECEIVED%",
    "bytes_sent": "%BYTES_SENT%",
    "duration": "%DURATION%",
    "upstream_service_time": "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%",
    "x_forwarded_for": "%REQ(X-FORWARDED-FOR)%",
    "user_agent": "%REQ(USER-AGENT)%",
    "request_id": "%REQ(X-REQUEST-ID)%",
    "authority": "%REQ(:AUTHORITY)%",
    "upstream_host": "%UPSTREAM_HOST%",
    "upstream_cluster": "%UPSTREAM_CLUSTER_RAW%",
    "upstream_local_address": "%UPSTREAM_LOCAL_ADDRESS%",
    "downstream_local_address": "%DOWNSTREAM_LOCAL_ADDRESS%",
    "downstream_remote_address": "%DOWNSTREAM_REMOTE_ADDRESS%",
    "requested_server_name": "%REQUESTED_SERVER_NAME%",
    "upstream_transport_failure_reason": "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
}
ISTIO_TEXT = (
    '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% '
    '%RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" '
    "%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "
    '"%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" '
    "%UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% "
    "%REQUESTED_SERVER_NAME% %ROUTE_NAME%\n"
)
CONDITION_FILTER = "envoy.access_loggers.extension_filters.cel"
WITHOUT_QUERY = "%REQ_WITHOUT_QUERY"


def own_log() -> AccessLog:
    """A line of JSON on the proxy's standard output."""
    line = SubstitutionFormatString(omit_empty_values=True)
    line.json_format.update(OWN_LABELS)
    return AccessLog(name="envoy.access_loggers.stdout", typed_config=pack(StdoutAccessLog(log_format=line)))


def mesh_log(settings: MeshSettings) -> AccessLog:
    """The file the mesh config names."""
    return _file(settings.log_file, _line(settings.log_format, omit_empty_values=False))


def provider_log(settings: MeshSettings, provider: LogFile, condition: str = "") -> AccessLog:
    """For calls that meet a CEL expression, if there is one. The built-in provider has the mesh's format unless it was
    given one of its own."""
    chosen = provider.format or LogFormat()
    if provider.name == BUILT_IN_LOG and provider.format is None and not provider.omit_empty_values:
        chosen = settings.log_format
    log = _file(provider.path, _line(chosen, omit_empty_values=provider.omit_empty_values))
    if condition:
        log.filter.extension_filter.name = CONDITION_FILTER
        log.filter.extension_filter.typed_config.CopyFrom(pack(ExpressionFilter(expression=condition)))
    return log


def _file(path: str, line: SubstitutionFormatString) -> AccessLog:
    return AccessLog(name="envoy.access_loggers.file", typed_config=pack(FileAccessLog(path=path, log_format=line)))


def _line(chosen: LogFormat, *, omit_empty_values: bool) -> SubstitutionFormatString:
    line = SubstitutionFormatString(omit_empty_values=omit_empty_values)
    if chosen.is_json:
        labels = chosen.labels or ISTIO_LABELS
        line.json_format.update(labels)
        line.json_format_options.CopyFrom(JsonFormatOptions(sort_properties=False))
        texts = list(_texts(labels))
    else:
        text = chosen.text or ISTIO_TEXT
        texts = [text if text.endswith("\n") else f"{text}\n"]
        line.text_format_source.CopyFrom(DataSource(inline_string=texts[0]))
    if any(WITHOUT_QUERY in text for text in texts):
        formatter = TypedExtensionConfig(name="envoy.formatter.req_without_query", typed_config=pack(ReqWithoutQuery()))
        line.formatters.append(formatter)
    return line


def _texts(labels: Mapping[str, object]) -> Iterator[str]:
    """Istio looks for the formatter's word in labels that are text, not in nested ones."""
    return (value for value in labels.values() if isinstance(value, str))
