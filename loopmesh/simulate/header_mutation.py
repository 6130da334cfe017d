"""Headers a filter changes before the request goes on (envoy.extensions.filters.http.header_mutation.v3)."""

from envoy.config.common.mutation_rules.v3.mutation_rules_pb2 import HeaderMutation
from envoy.extensions.filters.http.header_mutation.v3 import header_mutation_pb2

from loopmesh.simulate.errors import NotSimulatedError
from loopmesh.simulate.request import Request
from loopmesh.simulate.rewrite import with_headers

PSEUDO = ":"


def mutated(config: header_mutation_pb2.HeaderMutation, request: Request) -> Request:
    """One change after the other. Raises NotSimulatedError for one that is no plain header."""
    if config.mutations.query_parameter_mutations:
        raise NotSimulatedError("a change of query parameters")
    for change in config.mutations.request_mutations:
        request = _changed(change, request)
    return request


def _changed(change: HeaderMutation, request: Request) -> Request:
    match change.WhichOneof("action"):
        case "remove" if not change.remove.startswith(PSEUDO):
            return with_headers(request, (), [change.remove])
        case "append" if not change.append.header.key.startswith(PSEUDO):
            return with_headers(request, [change.append], ())
        case _:
            raise NotSimulatedError("a change of what is no header by its name")
