"""Which policy's routes a sidecar uses for a host."""

from collections.abc import Iterable

from loopmesh.compile.host_table import host_matches
from loopmesh.model.routing import MESH_GATEWAY, Routing


class SidecarChoice:
    """Look-ups over the routings of the mesh, in their order."""

    def __init__(self, routings: Iterable[Routing]) -> None:
        self.routings = tuple(routing for routing in routings if MESH_GATEWAY in routing.gateways)
        self._by_host: dict[str, list[Routing]] = {}
        for routing in self.routings:
            for host in routing.hosts:
                self._by_host.setdefault(host, []).append(routing)
        self._wildcards = sorted((host for host in self._by_host if host.startswith("*")), key=len, reverse=True)

    def for_host(self, host: str) -> list[Routing]:
        """Those for exactly this host, the first that has routes for the caller counts; without one the first for the
        longest wildcard (Istio `MostSpecificHostMatch`)."""
        if host in self._by_host:
            return self._by_host[host]
        wildcard = next((pattern for pattern in self._wildcards if host.endswith(pattern[1:])), None)
        return self._by_host[wildcard][:1] if wildcard else []

    def all_for_host(self, host: str) -> list[Routing]:
        """Those with a host that is this one or covers it, in their order; for connections every one of them counts
        (Istio `getConfigsForHost`)."""
        found = {
            id(one)
            for pattern in (host, *self._wildcards)
            if host_matches(pattern, host)
            for one in self._by_host.get(pattern, ())
        }
        return [routing for routing in self.routings if id(routing) in found]
