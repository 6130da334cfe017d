"""Addresses that several hosts have, of which Istio's proxies know one for requests."""

from collections.abc import Iterator, Sequence

from loopmesh.model.added_host import AddedHost
from loopmesh.model.problem import Problem, Severity
from loopmesh.policies.analysis import policy_problem
from loopmesh.policies.conflicts.seen_together import are_seen_together
from loopmesh.policies.references import Place

RULE = "of several hosts with one address Istio's proxies know one for requests by it, and it is chance which"


def hosts_at_one_address(added: Sequence[AddedHost], place: Place) -> Iterator[Problem]:
    """At one port. istiod has its services in no order (Istio `dedupeDomains`)."""
    known: dict[tuple[str, int], list[AddedHost]] = {}
    for one in added:
        asked = [(address, port.number) for address in one.addresses for port in one.ports if port.protocol.is_http]
        for address in dict.fromkeys(address for address, _ in asked):
            others = [each for at in asked if at[0] == address for each in known.get(at, ())]
            other = next((each for each in others if each.host != one.host and are_seen_together(each, one)), None)
            if other is not None:
                value, remedy = (
                    f"address {address}, of {other.source} too",
                    f"give each its own, or call {one.host} by its name",
                )
                origin = place(one.source, "addresses")
                yield policy_problem(one.source, value, RULE, remedy, severity=Severity.WARNING, origin=origin)
        for at in asked:
            known.setdefault(at, []).append(one)
