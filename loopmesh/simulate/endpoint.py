"""The instances behind a cluster."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from envoy.config.core.v3.health_check_pb2 import HEALTHY, UNKNOWN
from envoy.config.endpoint.v3.endpoint_components_pb2 import LbEndpoint
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from google.protobuf import json_format

from loopmesh.simulate.origin import ISTIO
from loopmesh.simulate.virtual_host import without_port

HTTP_PORT = 80
TRANSPORT_SOCKET = "envoy.transport_socket_match"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """`workload` is its name where the configuration says it; `port` 0 for a Unix socket, whose path is `address`."""

    workload: str
    address: str
    port: int
    healthy: bool
    weight: int
    transport: Mapping[str, object]
    """What decides how connections to it are opened."""


def endpoints(assignment: ClusterLoadAssignment | None) -> Iterator[Endpoint]:
    for locality in assignment.endpoints if assignment else ():
        for found in locality.lb_endpoints:
            yield _endpoint(found)


def called_host(authority: str) -> Endpoint:
    """Where a name leads that is looked up when it is called; without a port to 80, as Envoy has it."""
    host = without_port(authority)
    port = int(authority.rpartition(":")[2]) if host != authority else HTTP_PORT
    return Endpoint(workload="", address=host, port=port, healthy=True, weight=1, transport={})


def _endpoint(found: LbEndpoint) -> Endpoint:
    address = found.endpoint.address
    socket = address.socket_address
    return Endpoint(
        workload=str(_said(found, ISTIO).get("workload", "")),
        address=address.pipe.path or socket.address,
        port=socket.port_value,
        healthy=found.health_status in (HEALTHY, UNKNOWN),
        weight=found.load_balancing_weight.value or 1,
        transport=_said(found, TRANSPORT_SOCKET),
    )


def _said(found: LbEndpoint, name: str) -> dict[str, object]:
    said = found.metadata.filter_metadata
    return json_format.MessageToDict(said[name]) if name in said else {}
