"""The filters that decide about a request before anything is done for it."""

from collections.abc import Iterator

from envoy.extensions.filters.http.rbac.v3.rbac_pb2 import RBAC

from loopmesh.compile.authorizer import http_authorizer
from loopmesh.compile.connection_manager import NamedFilter
from loopmesh.compile.custom_rules import NOTE_PREFIX, Asking, askings
from loopmesh.compile.index import MeshIndex
from loopmesh.compile.noted import TOKEN_FILTER
from loopmesh.compile.rbac import decisions, whole
from loopmesh.compile.token_filter import token_filter
from loopmesh.model.topology import Workload

RULES = "envoy.filters.http.rbac"
AUTHORIZER = "envoy.filters.http.ext_authz"


def http_security(index: MeshIndex, workload: Workload, port: int) -> Iterator[NamedFilter]:
    """For calls that reach a workload on one of its ports; a gateway's port is the one its policy opens."""
    for asking in askings(index, workload, port, whole):
        yield from _ask(asking)
    tokens = token_filter(index, workload)
    if tokens is not None:
        yield NamedFilter(place=TOKEN_FILTER, name=TOKEN_FILTER, config=tokens)
    for one in decisions(index, workload, port, whole):
        config = RBAC(rules=one.rules, shadow_rules=one.dry_run, shadow_rules_stat_prefix=one.mark)
        yield NamedFilter(place=RULES, name=RULES, config=config)


def _ask(asking: Asking) -> Iterator[NamedFilter]:
    if asking.authorizer is None:
        yield NamedFilter(place=AUTHORIZER, name=RULES, config=RBAC(rules=asking.rules))
        return
    noting = RBAC(shadow_rules=asking.rules, shadow_rules_stat_prefix=NOTE_PREFIX)
    yield NamedFilter(place=AUTHORIZER, name=RULES, config=noting)
    asked = http_authorizer(asking.authorizer, RULES, asking.mark)
    yield NamedFilter(place=AUTHORIZER, name=AUTHORIZER, config=asked)
