"""Authorization of connections whose requests cannot be told apart."""

from collections.abc import Iterator
from dataclasses import replace

from envoy.config.listener.v3.listener_components_pb2 import Filter
from envoy.extensions.filters.network.rbac.v3.rbac_pb2 import RBAC

from loopmesh.compile.messages import pack
from loopmesh.compile.rbac import rbac_filters
from loopmesh.model.policies import Policies
from loopmesh.model.security import AuthorizationPolicy, AuthorizationRule, Operation, Verdict
from loopmesh.model.topology import Workload

NAME = "envoy.filters.network.rbac"
PREFIX = "tcp."


def network_rbac_filters(policies: Policies, workload: Workload, port: int) -> Iterator[Filter]:
    """The same filters as for HTTP, with rules a connection can be judged by."""
    known = replace(policies, authorization_policies=tuple(map(_of_connections, policies.authorization_policies)))
    for http in rbac_filters(known, workload, port):
        yield Filter(name=NAME, typed_config=pack(RBAC(rules=http.rules, stat_prefix=PREFIX)))


def _of_connections(policy: AuthorizationPolicy) -> AuthorizationPolicy:
    """What is said of requests holds for no connection, so such a rule allows none; one that denies forgets that part
    and denies all the more (Istio `rule.checkError`)."""
    if policy.verdict is Verdict.DENY:
        return replace(policy, rules=tuple(map(_without_requests, policy.rules)))
    return replace(policy, rules=tuple(rule for rule in policy.rules if _without_requests(rule) == rule))


def _without_requests(rule: AuthorizationRule) -> AuthorizationRule:
    operations = (Operation(ports=one.ports, not_ports=one.not_ports) for one in rule.operations)
    return replace(rule, operations=tuple(operations))
