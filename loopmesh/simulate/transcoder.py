"""REST that a proxy turns into gRPC (Envoy's grpc_json_transcoder filter, `JsonTranscoderFilter::decodeHeaders`).

Values of parameters and the body are not looked at: where they do not fit the method's request Envoy answers 400.
"""

from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus

from envoy.extensions.filters.http.grpc_json_transcoder.v3.transcoder_pb2 import GrpcJsonTranscoder

from loopmesh.simulate.check import Check
from loopmesh.simulate.method_table import Binding, MethodTable
from loopmesh.simulate.request import GRPC, Request
from loopmesh.simulate.rest_contract import read_bindings, read_contract, unknown_parameter
from loopmesh.simulate.stream import Stream, Translation

ACTION = "TRANSLATION"


def transcode(config: GrpcJsonTranscoder, stream: Stream) -> tuple[Stream, Check | None]:
    """The stream as it goes on: unchanged for gRPC, and for what no rule takes where that is not refused. Raises
    NotSimulatedError."""
    request = stream.request
    if request.is_grpc or not config.services:
        return stream, None
    contract = read_contract(config)
    bindings = list(read_bindings(contract, config))
    table = MethodTable(bindings, takes_every_custom_verb=config.match_unregistered_custom_verb)
    refuses = config.request_validation_options
    binding = table.find(request.method, request.path.partition("?")[0])
    if binding is None:
        problem = f"no method takes {request.method} {request.bare_path}"
        return stream, _refusal(HTTPStatus.NOT_FOUND, problem) if refuses.reject_unknown_method else None
    unknown = unknown_parameter(contract, binding.input_type, _checked_parameters(config, request))
    if unknown:
        problem = f"{binding.method} has no parameter {unknown}"
        return stream, _refusal(HTTPStatus.BAD_REQUEST, problem) if refuses.reject_unknown_query_parameters else None
    translated = _as_grpc(request, binding)
    return replace(stream, request=translated, translation=Translation(request=translated, rule=binding.rule)), None


def _refusal(status: HTTPStatus, reason: str) -> Check:
    return Check(action=ACTION, passed=False, status=status, reason=reason)


def _checked_parameters(config: GrpcJsonTranscoder, request: Request) -> Iterator[str]:
    """Names of parameters with a value, but for those that need no field."""
    if config.ignore_unknown_query_parameters or config.capture_unknown_query_parameters:
        return
    for parameter in request.path.partition("?")[2].split("&"):
        name, equals, _ = parameter.partition("=")
        if name and equals and name not in config.ignored_query_parameters:
            yield name


def _as_grpc(request: Request, binding: Binding) -> Request:
    """What was asked for stays readable in headers of Envoy's."""
    kept = {name: value for name, value in request.headers.items() if name != "content-length"}
    said = {
        "content-type": GRPC,
        "te": "trailers",
        "x-envoy-original-path": request.path,
        "x-envoy-original-method": request.method,
    }
    return replace(request, method="POST", path=f"/{binding.method}", headers={**kept, **said})
