"""Which hosts a Sidecar lets through (Istio `hostClassification`, `SelectVirtualServices`)."""

from collections.abc import Iterable

from loopmesh.compile.host_table import host_matches
from loopmesh.model.sidecar import ANY_NAMESPACE, OWN_NAMESPACE, ImportedHost


class Imports:
    """The hosts a policy names, seen by a workload of a namespace."""

    def __init__(self, hosts: Iterable[ImportedHost], namespace: str) -> None:
        named = [(namespace if one.namespace == OWN_NAMESPACE else one.namespace, one) for one in hosts]
        self._wanted = [(at, one.host) for at, one in named if not one.excluded]
        self._unwanted = [(at, one.host) for at, one in named if one.excluded]
        self.only_whole_names = all(at != ANY_NAMESPACE and not host.startswith("*") for at, host in self._wanted)
        """Then each is looked up by itself (Istio `servicesForExactHosts`)."""

    def has_service(self, namespace: str, host: str) -> bool:
        """A service is let through when its whole host is within what is named."""
        return self._among(self._wanted, namespace, host) and not self._excluded(namespace, host)

    def has_routing(self, namespace: str, hosts: Iterable[str]) -> bool:
        """A policy is let through when one of its hosts meets what is named, whichever of the two is the wider."""
        return any(
            _concerns(at, namespace) and (host_matches(wanted, host) or host_matches(host, wanted))
            for host in hosts
            if not self._excluded(namespace, host)
            for at, wanted in self._wanted
        )

    def _excluded(self, namespace: str, host: str) -> bool:
        return self._among(self._unwanted, namespace, host)

    def _among(self, named: list[tuple[str, str]], namespace: str, host: str) -> bool:
        return any(_concerns(at, namespace) and host_matches(pattern, host) for at, pattern in named)


def _concerns(named: str, namespace: str) -> bool:
    return named in (ANY_NAMESPACE, namespace)
