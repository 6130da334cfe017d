"""What tells connections to hosts that policies add apart on a cluster: addresses, given by the policy or allocated.

istiod gives a host that has none an address, which its proxies' DNS answers with. TLS ports are told apart by server
names as long as the host has no address, so one with such a port gets none. A host whose connections go on gets one
here, too: policies that would let another host's settings count for it are refused.
"""

from collections.abc import Iterable

from loopmesh.model.added_host import AddedHost
from loopmesh.model.application import Protocol


class HostAddresses:
    """`allocated` are those that no policy gives, by host."""

    def __init__(self, added: Iterable[AddedHost]) -> None:
        self._given: dict[str, set[str]] = {}
        without: dict[str, set[Protocol]] = {}
        for one in added:
            given = {*one.addresses, *one.ranges}
            self._given.setdefault(one.host, set()).update(given)
            if not given:
                without.setdefault(one.host, set()).update(port.protocol for port in one.ports)
        in_need = (host for host, spoken in without.items() if Protocol.TCP in spoken and Protocol.TLS not in spoken)
        self.allocated = {host: _address(number) for number, host in enumerate(in_need)}
        self._nowhere = {host for host in without if host not in self.allocated}

    def hosts_at(self, address: str) -> set[str]:
        """Or at a range of addresses."""
        given = {host for host, addresses in self._given.items() if address in addresses}
        return given | {host for host, allocated in self.allocated.items() if address == allocated}

    def is_given(self, address: str) -> bool:
        """By a policy."""
        return any(address in addresses for addresses in self._given.values())

    def has_none(self, host: str) -> bool:
        """Whether only its name tells it apart."""
        return host in self._nowhere


def _address(number: int) -> str:
    """From a range nobody routes, beside that of the application's services."""
    return f"240.1.{number // 256}.{number % 256}"
