"""Loopback ports of the edge: one for every port a gateway opens on a workload."""

from collections.abc import Callable, Iterator, Mapping

from loopmesh.model.application import Application
from loopmesh.model.edge import Server
from loopmesh.model.policies import Policies
from loopmesh.run.ports import PortLedger

Ports = Mapping[tuple[str, int], int]
"""Loopback ports by the gateway workload's name and the port that is opened."""


class EdgePorts:
    """Ports that are open already stay what they are; `chosen` is what the user wants the first to be, 0 for any."""

    def __init__(self, application: Application, ledger: PortLedger, chosen: int) -> None:
        self._application = application
        self._ledger = ledger
        self._chosen = chosen

    def claim(self, present: Ports, policies: Policies) -> dict[tuple[str, int], int]:
        """Those present and the ones the policies open beside. Raises RunError when the chosen one is in use."""
        return self._added(
            present, policies, lambda port: self._ledger.claim(port) if port else self._ledger.allocate()
        )

    def imagine(self, present: Ports, policies: Policies) -> dict[tuple[str, int], int]:
        """The same, without taking any."""
        return self._added(present, policies, lambda port: port)

    def release(self, ports: Ports, present: Ports) -> None:
        """Those of `ports` that are not present."""
        for key in ports.keys() - present.keys():
            self._ledger.release(ports[key])

    def addresses(self, ports: Ports, policies: Policies) -> dict[str, str]:
        """URLs by the names of the gateways' servers; a second gateway's have its name before them."""
        addresses: dict[str, str] = {}
        for workload, server in self._opened(policies):
            name = server.name if server.name not in addresses else f"{workload}-{server.name}"
            addresses.setdefault(name, f"{_scheme(server)}://127.0.0.1:{ports[workload, server.port]}")
        return addresses

    def _added(self, present: Ports, policies: Policies, take: Callable[[int], int]) -> dict[tuple[str, int], int]:
        ports = dict(present)
        for workload, server in self._opened(policies):
            if (workload, server.port) not in ports:
                ports[workload, server.port] = take(self._chosen if not ports else 0)
        return ports

    def _opened(self, policies: Policies) -> Iterator[tuple[str, Server]]:
        """Servers with the name of each workload they are open on."""
        for gateway in policies.gateways:
            for workload in self._application.gateways:
                if gateway.selects(workload.labels):
                    for server in gateway.servers:
                        yield workload.name, server


def _scheme(server: Server) -> str:
    if server.is_http:
        return "http" if server.tls is None else "https"
    return "tcp" if server.tls is None else "tls"
