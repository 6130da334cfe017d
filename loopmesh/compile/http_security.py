"""The filters that decide about a request before anything is done for it."""

from collections.abc import Iterator

from loopmesh.compile.connection_manager import NamedFilter
from loopmesh.compile.index import MeshIndex
from loopmesh.compile.noted import TOKEN_FILTER
from loopmesh.compile.rbac import rbac_filters
from loopmesh.compile.token_filter import token_filter
from loopmesh.model.topology import Workload

RBAC = "envoy.filters.http.rbac"


def http_security(index: MeshIndex, workload: Workload, port: int) -> Iterator[NamedFilter]:
    """For calls that reach a workload on one of its ports; a gateway's port is the one its policy opens."""
    tokens = token_filter(index, workload)
    if tokens is not None:
        yield NamedFilter(place=TOKEN_FILTER, name=TOKEN_FILTER, config=tokens)
    for rules in rbac_filters(index.policies, workload, port):
        yield NamedFilter(place=RBAC, name=RBAC, config=rules)
