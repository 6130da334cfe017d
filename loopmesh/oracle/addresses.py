"""Where listeners open and clusters connect. Socket names are relative: a proxy works in its workload's folder."""

from envoy.config.core.v3.address_pb2 import Address, Pipe, SocketAddress

APPLICATION = "app.sock"
OUTBOUND = "out.sock"
OWNER_ONLY = 0o600


def outbound_socket(port: int) -> str:
    """Behind the program's own socket, for the calls to one port."""
    return f"out-{port}.sock"


def pipe(name: str) -> Address:
    return Address(pipe=Pipe(path=name, mode=0 if name == APPLICATION else OWNER_ONLY))


def tcp(address: str, port: int) -> Address:
    return Address(socket_address=SocketAddress(address=address, port_value=port))
