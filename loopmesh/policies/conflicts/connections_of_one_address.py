"""Connections to one address and port that several hosts have: proxies of a cluster take all for the first host's
(Istio `mergeTCPFilterChains`)."""

from collections.abc import Iterator, Sequence

from loopmesh.model.added_host import AddedHost
from loopmesh.model.problem import Problem
from loopmesh.policies.analysis import policy_problem
from loopmesh.policies.conflicts.seen_together import are_seen_together


def connections_of_one_address(added: Sequence[AddedHost]) -> Iterator[Problem]:
    """Requests are told apart by the names in them, unless connections to the address are for another host."""
    takers: dict[tuple[str, int], list[AddedHost]] = {}
    askers: dict[tuple[str, int], list[AddedHost]] = {}
    for one in added:
        for address in (*one.addresses, *one.ranges):
            for port in one.ports:
                at = (address, port.number)
                is_asker = port.protocol.is_http
                earlier = takers.get(at, []) if is_asker else [*takers.get(at, []), *askers.get(at, [])]
                other = next((each for each in earlier if each.host != one.host and are_seen_together(each, one)), None)
                (askers if is_asker else takers).setdefault(at, []).append(one)
                if other is not None:
                    rule = f"{other.source} has {address} for {other.host}: nothing tells connections to the two apart"
                    remedy = "give each an address of its own"
                    yield policy_problem(one.source, f"port {port.number} of {one.host}", rule, remedy)
