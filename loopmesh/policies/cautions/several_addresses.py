"""Hosts with several addresses, of which Istio's proxies know one for requests."""

from collections.abc import Iterable, Iterator

from loopmesh.model.added_host import AddedHost
from loopmesh.model.problem import Problem, Severity
from loopmesh.policies.analysis import policy_problem
from loopmesh.policies.references import Place

RULE = "of several addresses Istio's proxies know one for requests, and it is chance which"


def hosts_at_several_addresses(added: Iterable[AddedHost], place: Place) -> Iterator[Problem]:
    """Istio makes a service of each address and keeps one of them for a host (`convertServices`, `SidecarScope`);
    connections are taken at all."""
    for one in added:
        several = [*one.addresses, *one.ranges]
        if len(several) > 1 and any(port.protocol.is_http for port in one.ports):
            value, remedy = f"addresses {', '.join(several)}", f"keep one, or call {one.host} by its name"
            origin = place(one.source, "addresses")
            yield policy_problem(one.source, value, RULE, remedy, severity=Severity.WARNING, origin=origin)
