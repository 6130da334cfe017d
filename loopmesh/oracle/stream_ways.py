"""Ways of a program, and of forwards, into Istio's listeners for what is no HTTP."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from envoy.config.core.v3.address_pb2 import Address
from envoy.config.core.v3.base_pb2 import OUTBOUND
from envoy.config.listener.v3.listener_pb2 import AdditionalAddress, Listener

from loopmesh.model.topology import LOOPBACK
from loopmesh.oracle.addresses import tcp
from loopmesh.oracle.dialled import Dialled, Target
from loopmesh.oracle.host_addresses import HostAddresses
from loopmesh.oracle.outbound import forward_name
from loopmesh.oracle.passed_on import PassedOn


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """Of one proxy. On a cluster several hosts may share a listener; a host with several addresses has one at each, of
    which the first is taken."""

    dialled: Dialled
    addresses: HostAddresses
    passed_on: PassedOn
    _taken: set[bytes] = field(default_factory=set)

    def through(self, listener: Listener) -> Iterator[Listener]:
        """To each target that the listener is for."""
        for forward in self.dialled.forwards(listener):
            at = tcp(forward.listen_address, forward.listen_port)
            yield from self._way(listener, forward_name(forward), (forward.host, forward.port), at)
        for (host, number), listen_port in self.dialled.ports(listener).items():
            yield from self._way(listener, _name(host, number), (host, number), tcp(LOOPBACK, listen_port))

    def past(self, listener: Listener, ports: Mapping[Target, int]) -> Iterator[Listener]:
        """To what no listener is for, by the one that takes what is left."""
        for (host, number), listen_port in ports.items():
            found = Listener(name=_name(host, number), traffic_direction=OUTBOUND)
            found.filter_chains.add().CopyFrom(listener.filter_chains[-1])
            self.passed_on.lead_connections(found.filter_chains[0], (host, number))
            yield open_at(found, tcp(LOOPBACK, listen_port))

    def _way(self, listener: Listener, name: str, target: Target, at: Address) -> Iterator[Listener]:
        """Connections that the listener hands on are told apart by the addresses they are for."""
        place = at.SerializeToString(deterministic=True)
        if place in self._taken:
            return
        self._taken.add(place)
        found = Listener()
        found.CopyFrom(listener)
        found.name = name
        self.dialled.lead(found, target)
        address = listener.address.socket_address.address
        given = address if self.addresses.is_given(address) else ""
        self.passed_on.lead_connections(found.default_filter_chain, target, given)
        yield open_at(found, at)


def _name(host: str, port: int) -> str:
    """By which explanations find it."""
    return f"tcp|{port}|{host}"


def open_at(listener: Listener, first: Address, *others: Address) -> Listener:
    listener.address.CopyFrom(first)
    listener.additional_addresses.extend(AdditionalAddress(address=one) for one in others)
    listener.ClearField("bind_to_port")
    return listener
