"""Whose address counts as the client's (Envoy docs, `x-forwarded-for`)."""

import ipaddress

from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
)

from loopmesh.simulate.request import Request
from loopmesh.simulate.stream import Connection

FORWARDED_FOR = "x-forwarded-for"


def client_ip(manager: HttpConnectionManager, request: Request, connection: Connection) -> str:
    """The last address but the trusted hops' of x-forwarded-for; the peer's where there are too few, or where the
    proxy trusts nobody but its peer."""
    hops = manager.xff_num_trusted_hops
    if manager.use_remote_address.value and not hops:
        return connection.remote_ip
    said = [part.strip() for part in request.headers.get(FORWARDED_FOR, "").split(",") if part.strip()]
    place = hops if manager.use_remote_address.value else hops + 1
    return said[-place] if 0 < place <= len(said) and _is_address(said[-place]) else connection.remote_ip


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
