"""How a call ends, each way with its share."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from loopmesh.simulate.authorizer import ACTION as ASKING
from loopmesh.simulate.fault import FILTER as INJECTING
from loopmesh.simulate.fraction import ALL
from loopmesh.simulate.landing import Landing
from loopmesh.simulate.outbound import Outbound
from loopmesh.simulate.part import Part
from loopmesh.simulate.verdict import STOPPED_BY, Verdict

ASKED_IF = {Verdict.REACHES: Verdict.ASKED}
"""An authorizer that is asked first decides whether a call gets so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`percent` of the calls end like this; `workload` is empty where none is reached. `patched` are parts of a
    proxy's configuration that have led to it and are no policy of Istio's."""

    verdict: Verdict
    percent: float
    workload: str = ""
    patched: tuple[Part, ...] = ()


def outcomes_of(outbound: Outbound, landings: Iterable[Landing]) -> tuple[Outcome, ...]:
    """They add up to 100 percent. A fault comes before whatever else the same proxy does with what has come so far."""
    aborted = outbound.fault.abort_percent if outbound.fault else 0.0
    own = _own_verdict(outbound)
    if own is not None:
        outcomes = [Outcome(verdict=own, percent=ALL, patched=outbound.patched)]
    else:
        outcomes = [one for landing in landings for one in _outcomes_at(landing)]
    if any(check.action == ASKING for check in outbound.checks):
        outcomes = [replace(one, verdict=ASKED_IF.get(one.verdict, one.verdict)) for one in outcomes]
    outcomes = [replace(one, percent=one.percent * (ALL - aborted) / ALL) for one in outcomes]
    injecting = (INJECTING,) if outbound.fault and not outbound.fault.by_route else ()
    ended = Outcome(verdict=Verdict.ABORTED, percent=aborted, patched=injecting)
    return tuple(one for one in (ended, *outcomes) if one.percent)


def _outcomes_at(landing: Landing) -> Iterator[Outcome]:
    if not landing.instances:
        verdict = Verdict.NO_INSTANCE if landing.cluster else Verdict.NO_CLUSTER
        yield Outcome(verdict=verdict, percent=landing.percent)
    if landing.unknown:
        yield Outcome(verdict=Verdict.UNFORESEEN, percent=landing.percent, patched=landing.unknown)
        return
    for one in landing.instances:
        inbound = None if one.problem else one.inbound
        aborted = inbound.fault.abort_percent if inbound and inbound.fault else 0.0
        share = one.percent * aborted / ALL
        yield Outcome(verdict=Verdict.ABORTED, percent=share, workload=one.workload, patched=(INJECTING,))
        yield Outcome(
            verdict=one.verdict,
            percent=one.percent - share,
            workload=one.workload,
            patched=inbound.patched if inbound else (),
        )


def _own_verdict(outbound: Outbound) -> Verdict | None:
    """How the caller's proxy ends the call; None when it sends it on."""
    if outbound.refused:
        return Verdict.REFUSED
    if outbound.unknown:
        return Verdict.UNFORESEEN
    if outbound.stopped_by is not None:
        return STOPPED_BY.get(outbound.stopped_by.action, Verdict.DENIED)
    if outbound.matched is None:
        return Verdict.NO_ROUTE
    answer = outbound.matched.answer
    if answer is None:
        return None
    return Verdict.REDIRECTED if answer.location else Verdict.ANSWERED
