"""What policies may name: the services, versions and gateways of the application, and what other policies define."""

import difflib
from collections.abc import Callable, Iterable, Set

from loopmesh.model.added_host import Called
from loopmesh.model.application import CLUSTER_DOMAIN, Application
from loopmesh.model.policies import Policies
from loopmesh.model.policy import PolicyName, Source
from loopmesh.model.problem import Origin
from loopmesh.policies.host_names import covers

Place = Callable[[Source, str], Origin]
"""Where a policy says a key of its spec."""
MOST_SHOWN = 10
"""Names a remedy lists."""
MOST_SUGGESTIONS = 200
"""Comparing names takes long in a large mesh, and nobody reads more."""


class Known:
    """Look-ups; `broken` policies may hold anything, and so may files that could not be read (`complete` is False)."""

    def __init__(
        self, policies: Policies, application: Application, place: Place, broken: Set[PolicyName], complete: bool
    ) -> None:
        self.application = application
        self.place = place
        self.broken = broken
        self.complete = complete
        self.root_namespace = policies.settings.root_namespace
        self.services: dict[str, list[Called]] = {}
        """By host. Namespaces may see different ones of the same host."""
        everybody: tuple[Called, ...] = (*policies.added_hosts, *application.services)
        for one in everybody:
            self.services.setdefault(one.host, []).append(one)
        self.gateways = {one.name: one for one in policies.gateways}
        self._suggestions = 0

    def covered(self, host: str) -> list[Called]:
        """The services a host of a policy, perhaps a wildcard, stands for."""
        if not host.startswith("*"):
            return self.services.get(host, [])
        return [one for known, several in self.services.items() if covers(host, known) for one in several]

    def is_of_the_cluster(self, host: str) -> bool:
        """Other hosts, which need not exist, are reached through the ports of services; a service's short spelling is
        most surely meant to be the service, though Istio would not take it so."""
        suffix = f".svc.{CLUSTER_DOMAIN}"
        return host.endswith(suffix) or host.removesuffix(".svc") + suffix in self.services

    def closest(self, name: str, names: Iterable[str]) -> str:
        """The remedy for a name that is not among the names."""
        ordered = sorted(names)
        self._suggestions += 1
        close = difflib.get_close_matches(name, ordered, n=1) if self._suggestions <= MOST_SUGGESTIONS else []
        shown = ", ".join(ordered[:MOST_SHOWN]) + (", …" if len(ordered) > MOST_SHOWN else "")
        return f"did you mean {close[0]}?" if close else f"known: {shown or 'none'}"
