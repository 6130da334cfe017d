"""The EnvoyFilters behind a part of a proxy's configuration, as far as their patches tell."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.rule_names import policy_name
from loopmesh.model.patch import Direction, Target
from loopmesh.observe.failure import EndedBy, Failure
from loopmesh.simulate import Call
from loopmesh.simulate.origin import Rule
from loopmesh.simulate.outcome import Outcome
from loopmesh.simulate.part import Part

ROUTES = (Target.HTTP_ROUTE, Target.VIRTUAL_HOST, Target.ROUTE_CONFIGURATION)
CHAIN = (Target.FILTER_CHAIN, Target.LISTENER)
AROUND: Mapping[Target, tuple[Target, ...]] = {
    Target.HTTP_ROUTE: (Target.NETWORK_FILTER, *CHAIN),
    Target.VIRTUAL_HOST: (Target.NETWORK_FILTER, *CHAIN),
    Target.HTTP_FILTER: (Target.NETWORK_FILTER, *CHAIN),
    Target.NETWORK_FILTER: CHAIN,
    Target.LISTENER_FILTER: (Target.LISTENER,),
}
"""What holds such a part: a patch of it can bring the part along."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    target: Target
    direction: Direction
    kind: str
    name: str
    rule: Rule


@dataclass(frozen=True, slots=True)
class Patches:
    """By the names of the workloads whose proxies they are for."""

    by_workload: Mapping[str, Sequence[Patch]] = field(default_factory=dict)

    @classmethod
    def of(cls, status: admin_pb2.GetStatusResponse) -> "Patches":
        return cls({one.name: tuple(map(_patch, one.patches)) for one in status.workloads})

    def ending(self, call: Call, outcome: Outcome) -> tuple[Rule, ...]:
        """Those that have led to the outcome of a call, if no policy of another kind has."""
        return self.behind(outcome.workload or call.caller, outcome.patched, inbound=bool(outcome.workload))

    def behind(self, workload: str, parts: Iterable[Part], *, inbound: bool) -> tuple[Rule, ...]:
        """Those of parts of the workload's proxy, on the server's side or on the caller's."""
        chosen = [one for one in self.by_workload.get(workload, ()) if _is_on(one, inbound=inbound)]
        return tuple(dict.fromkeys(one.rule for part in parts for one in _behind(part, chosen)))

    def of_filters(self, kinds: Collection[str], failure: Failure) -> Iterator[Rule]:
        """Those that have put such a filter into the proxy that ended a call, or changed it. `kinds` are full names of
        the messages such filters are configured by."""
        at_server = failure.ended_by is EndedBy.SERVER_PROXY
        for one in self.by_workload.get(failure.server if at_server else failure.caller, ()):
            if one.kind in kinds and _is_on(one, inbound=at_server):
                yield one.rule


def _behind(part: Part, chosen: Sequence[Patch]) -> list[Patch]:
    """By name where some have the part's, else all that may be meant."""
    about = [one for one in chosen if one.target in (ROUTES if part.target in ROUTES else (part.target,))]
    same = [one for one in about if one.kind == part.kind]
    removing = [one for one in about if not one.kind]
    holding = [one for one in chosen if one.target in AROUND.get(part.target, ())]
    found = same or removing or holding
    return [one for one in found if part.name and one.name == part.name] or found


def _patch(said: admin_pb2.AppliedPatch) -> Patch:
    return Patch(
        target=Target(said.target),
        direction=Direction(said.direction),
        kind=said.kind,
        name=said.name,
        rule=Rule(policy=policy_name(said.rule.policy), place=said.rule.place),
    )


def _is_on(patch: Patch, *, inbound: bool) -> bool:
    return patch.direction is Direction.ANY or (patch.direction is Direction.SIDECAR_INBOUND) == inbound
