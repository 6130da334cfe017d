"""TCP ports that proxies of a cluster cannot tell from another host's of the same number.

A host has a listener at its address. One without waits at every address, beside whatever else does (Istio
`buildSidecarOutboundListener`): requests for HTTP hosts, which are told by what the program says first, and TLS, by
server names. Here each port is dialled by itself, so nothing of this could be seen.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from loopmesh.model.added_host import AddedHost, Called
from loopmesh.model.application import Application, Port, Protocol
from loopmesh.model.policies import Policies
from loopmesh.model.problem import Problem
from loopmesh.policies.analysis import policy_problem
from loopmesh.policies.conflicts.seen_together import are_seen_together
from loopmesh.policies.host_names import covers

REMEDY = "give it an address of its own, or take another port"


@dataclass(slots=True)
class _Waiting:
    """Whoever waits at every address for connections to one port number: by the first bytes, and for all the rest."""

    told_apart: list[tuple[Called, Port]] = field(default_factory=list)
    rest: list[AddedHost] = field(default_factory=list)


def ports_of_every_address(
    added: Sequence[AddedHost], policies: Policies, application: Application
) -> Iterator[Problem]:
    """Of two ports without an address the first that is read would take the connections to both. Where they go on to
    the address the program has looked up that is the same, unless a policy is for one of the hosts."""
    waiting: dict[int, _Waiting] = {}
    called: tuple[Called, ...] = (*application.services, *added)
    for one in called:
        for port in one.ports:
            at = waiting.setdefault(port.number, _Waiting())
            if port.protocol.is_http or (port.protocol is Protocol.TLS and _is_told_by_name(one)):
                at.told_apart.append((one, port))
            elif isinstance(one, AddedHost) and _takes_the_rest(one, port):
                at.rest.append(one)
    concerned = _Concerned(policies)
    for number, at in waiting.items():
        for one in at.rest:
            yield from _told_apart(one, number, at)
        yield from _same(number, at.rest, concerned)


def _is_told_by_name(called: Called) -> bool:
    return isinstance(called, AddedHost) and not called.addresses and not called.ranges


def _takes_the_rest(added: AddedHost, port: Port) -> bool:
    """istiod allocates an address to every other host, except where connections go on; and where TLS is told apart by
    server names it must have allocated none."""
    has_tls = any(one.protocol is Protocol.TLS for one in added.ports)
    return port.protocol is Protocol.TCP and not added.addresses and (added.goes_on or has_tls or bool(added.ranges))


def _told_apart(one: AddedHost, number: int, at: _Waiting) -> Iterator[Problem]:
    for other, port in at.told_apart:
        # A range is told from server names, not from requests: what the program says first is waited for.
        is_in_doubt = port.protocol.is_http or not one.ranges
        if other.host != one.host and is_in_doubt and are_seen_together(one, other):
            yield _problem(one, number, f"for {port.protocol} to {other.host} if they look like it")
            return


def _same(number: int, several: Sequence[AddedHost], concerned: "_Concerned") -> Iterator[Problem]:
    earlier: list[AddedHost] = []
    of_its_own: list[AddedHost] = []
    """Those among them whose connections are not like all others that go on."""
    for one in (each for each in several if not each.ranges):
        is_own = not one.goes_on or concerned.has(one.host)
        for other in earlier if is_own else of_its_own:
            if other.host != one.host and are_seen_together(one, other):
                yield _problem(one, number, f"for those to {other.host}, of {other.source}")
                break
        earlier.append(one)
        if is_own:
            of_its_own.append(one)


def _problem(one: AddedHost, number: int, mistaken: str) -> Problem:
    rule = f"proxies of a cluster take connections to it {mistaken}"
    return policy_problem(one.source, f"port {number} of {one.host}", rule, REMEDY)


class _Concerned:
    """Hosts that rules and routes are for."""

    def __init__(self, policies: Policies) -> None:
        named = {one.host for one in policies.destination_rules}
        named.update(host for one in policies.routings for host in one.hosts)
        self._hosts = {host for host in named if not host.startswith("*")}
        self._patterns = [host for host in named if host.startswith("*")]

    def has(self, host: str) -> bool:
        return host in self._hosts or any(covers(pattern, host) for pattern in self._patterns)
