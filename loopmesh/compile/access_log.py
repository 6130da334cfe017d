"""A line of JSON for every call, on the proxy's standard output."""

from envoy.config.accesslog.v3.accesslog_pb2 import AccessLog
from envoy.config.core.v3.substitution_format_string_pb2 import SubstitutionFormatString
from envoy.extensions.access_loggers.stream.v3.stream_pb2 import StdoutAccessLog

from loopmesh.compile.messages import pack

FIELDS = {
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
    "cluster": "%UPSTREAM_CLUSTER%",
    "upstream": "%UPSTREAM_HOST%",
    "caller": "%DOWNSTREAM_PEER_URI_SAN%",
    "trace_id": "%TRACE_ID%",
}


def access_log() -> AccessLog:
    line = SubstitutionFormatString(omit_empty_values=True)
    line.json_format.update(FIELDS)
    return AccessLog(name="envoy.access_loggers.stdout", typed_config=pack(StdoutAccessLog(log_format=line)))
