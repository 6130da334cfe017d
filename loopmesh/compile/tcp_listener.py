"""The client side of a sidecar for TCP: a loopback port for each TCP port of a service, which the program dials."""

from envoy.config.core.v3.base_pb2 import OUTBOUND
from envoy.config.listener.v3.listener_components_pb2 import FilterChain
from envoy.config.listener.v3.listener_pb2 import Listener

from loopmesh.compile import names
from loopmesh.compile.sockets import loopback
from loopmesh.compile.tcp_proxy import tcp_proxy
from loopmesh.compile.telemetry import access_logs
from loopmesh.compile.view import View
from loopmesh.model.application import Port, Service
from loopmesh.model.topology import LOOPBACK, Workload


def tcp_listeners(view: View, workload: Workload) -> list[Listener]:
    """One for each visible port that the workload was given a loopback port for."""
    ports = {(dialled.host, dialled.port): dialled.listen_port for dialled in workload.outbound}
    return [
        tcp_listener(view, service, port, f"tcp|{port.number}|{service.host}", ports[service.host, port.number])
        for service, port in view.ports(http=False)
        if (service.host, port.number) in ports
    ]


def tcp_listener(
    view: View, service: Service, port: Port, name: str, listen_port: int, address: str = LOOPBACK
) -> Listener:
    """A loopback port whose connections all go to a port of the service."""
    cluster = names.outbound_cluster(port.number, "", service.host)
    return Listener(
        name=name,
        address=loopback(listen_port, address),
        traffic_direction=OUTBOUND,
        filter_chains=[FilterChain(filters=[tcp_proxy(cluster, cluster, access_logs(view.index))])],
    )
