"""CUSTOM policies: rules that note which calls an authorizer is asked about, and the authorizer behind them."""

from collections.abc import Iterator
from dataclasses import dataclass

from envoy.config.rbac.v3 import rbac_pb2

from loopmesh.compile.index import MeshIndex
from loopmesh.compile.rbac import Known, add_rules, selecting
from loopmesh.model.authorization import Verdict
from loopmesh.model.provider import Authorizer
from loopmesh.model.topology import Workload

NOTE_PREFIX = "istio_ext_authz_"
NOBODY_TO_ASK = "-deny-due-to-bad-CUSTOM-action"


@dataclass(frozen=True, slots=True)
class Asking:
    """`rules` note the calls that `authorizer` is asked about, by names that begin with `mark`.

    Without an authorizer the rules deny what they meet.
    """

    rules: rbac_pb2.RBAC
    mark: str
    authorizer: Authorizer | None


def askings(index: MeshIndex, workload: Workload, port: int, known: Known) -> Iterator[Asking]:
    """One for each provider, by name. A workload asks one only; of several Istio denies every call that any would be
    asked about (`PILOT_ENABLE_MULTIPLE_CUSTOM_AUTHZ_PROVIDERS` is off)."""
    chosen = [one for one in selecting(index, workload) if one.verdict is Verdict.CUSTOM]
    names = sorted({policy.authorizer for policy in chosen})
    for name in names:
        mark = f"istio-ext-authz-{name}"
        rules = rbac_pb2.RBAC(action=rbac_pb2.RBAC.DENY)
        for policy in chosen:
            if policy.authorizer == name:
                add_rules(rules, policy, port, known, prefix=f"{mark}-")
        provider = index.policies.settings.providers.get(name)
        if len(names) == 1 and isinstance(provider, Authorizer):
            yield Asking(rules, mark, provider)
        else:
            yield Asking(_denying(rules), mark, None)


def _denying(rules: rbac_pb2.RBAC) -> rbac_pb2.RBAC:
    denying = rbac_pb2.RBAC(action=rbac_pb2.RBAC.DENY)
    for name, policy in rules.policies.items():
        denying.policies[name + NOBODY_TO_ASK].CopyFrom(policy)
    return denying
