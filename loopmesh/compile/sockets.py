"""Addresses. Socket names are relative: a proxy's working directory is its workload's folder."""

from envoy.config.core.v3.address_pb2 import Address, Pipe, SocketAddress

from loopmesh.model.topology import LOOPBACK

APPLICATION = "app.sock"
OUTBOUND = "out.sock"
HEALTH = "health.sock"
OWNER_ONLY = 0o600


def pipe(name: str) -> Address:
    return Address(pipe=Pipe(path=name, mode=OWNER_ONLY))


def loopback(port: int, address: str = LOOPBACK) -> Address:
    return Address(socket_address=SocketAddress(address=address, port_value=port))
