"""Authorization of connections whose requests cannot be told apart."""

from collections.abc import Iterator
from dataclasses import replace

from envoy.config.listener.v3.listener_components_pb2 import Filter
from envoy.extensions.filters.network.rbac.v3.rbac_pb2 import RBAC

from loopmesh.compile.authorizer import network_authorizer
from loopmesh.compile.custom_rules import NOTE_PREFIX, Asking, askings
from loopmesh.compile.index import MeshIndex
from loopmesh.compile.messages import pack
from loopmesh.compile.rbac import decisions
from loopmesh.model.authorization import REQUEST_ASPECTS, AuthorizationRule, Conditions, Verdict
from loopmesh.model.provider import AuthorizerProtocol
from loopmesh.model.topology import Workload

NAME = "envoy.filters.network.rbac"
AUTHORIZER = "envoy.filters.network.ext_authz"
PREFIX = "tcp."


def network_rbac_filters(index: MeshIndex, workload: Workload, port: int) -> Iterator[Filter]:
    """The same filters as for HTTP, with rules a connection can be judged by."""
    for asking in askings(index, workload, port, of_connections):
        yield from _ask(asking)
    for one in decisions(index, workload, port, of_connections):
        rules = RBAC(rules=one.rules, shadow_rules=one.dry_run, shadow_rules_stat_prefix=one.mark, stat_prefix=PREFIX)
        yield _filter(rules)


def _ask(asking: Asking) -> Iterator[Filter]:
    """An authorizer that speaks HTTP is not asked about connections, so it denies none."""
    if asking.authorizer is None:
        yield _filter(RBAC(rules=asking.rules, stat_prefix=PREFIX))
    elif asking.authorizer.protocol is AuthorizerProtocol.GRPC:
        noting = RBAC(shadow_rules=asking.rules, shadow_rules_stat_prefix=NOTE_PREFIX, stat_prefix=PREFIX)
        yield _filter(noting)
        asked = network_authorizer(asking.authorizer, NAME, asking.mark)
        yield Filter(name=AUTHORIZER, typed_config=pack(asked))


def _filter(rules: RBAC) -> Filter:
    return Filter(name=NAME, typed_config=pack(rules))


def of_connections(rule: AuthorizationRule, verdict: Verdict) -> AuthorizationRule | None:
    """What is said of requests holds for no connection, so such a rule allows none; one that denies or marks forgets
    that part and does so all the more (Istio `rule.checkError`)."""
    narrowed = replace(
        rule,
        callers=tuple(map(_without_requests, rule.callers)),
        operations=tuple(map(_without_requests, rule.operations)),
        conditions=_without_requests(rule.conditions),
    )
    return None if verdict is Verdict.ALLOW and narrowed != rule else narrowed


def _without_requests(conditions: Conditions) -> Conditions:
    return tuple(condition for condition in conditions if condition.aspect not in REQUEST_ASPECTS)
