"""REST that a proxy turns into gRPC: the simulation and a real Envoy say the same of generated rules and requests."""

from http import HTTPStatus

from envoy.extensions.filters.http.grpc_json_transcoder.v3.transcoder_pb2 import GrpcJsonTranscoder
from envoy.extensions.filters.http.router.v3.router_pb2 import Router
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopmesh.simulate import Request
from tests.simulate.generated_rest import answering_table, rest_requests, transcoders
from tests.simulate.real_envoy import running_envoy
from tests.simulate.simulated_envoy import manager, simulated


def without_words(answer: tuple[int, str]) -> tuple[int, str]:
    """The words of a refusal are Envoy's own."""
    status, body = answer
    return status, body if status == HTTPStatus.OK else ""


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(transcoders(), st.lists(rest_requests(), min_size=20, max_size=60))
def test_the_method_is_the_one_a_real_proxy_chooses(transcoder: GrpcJsonTranscoder, made: list[Request]) -> None:
    connections = manager(answering_table(), (("rest", transcoder), ("router", Router())))
    with running_envoy(connections) as envoy:
        for request in made:
            assert without_words(envoy.ask(request)) == without_words(simulated(connections, request)), request
