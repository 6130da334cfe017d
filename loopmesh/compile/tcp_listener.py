"""The client side of a sidecar for TCP: a loopback port for each TCP port of a service, which the program dials."""

from envoy.config.core.v3.base_pb2 import OUTBOUND
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.extensions.filters.listener.tls_inspector.v3.tls_inspector_pb2 import TlsInspector

from loopmesh.compile.messages import pack
from loopmesh.compile.sockets import loopback
from loopmesh.compile.stream_routes import passed_on_chain, service_chains
from loopmesh.compile.view import View
from loopmesh.model.added_host import Called
from loopmesh.model.application import Port
from loopmesh.model.topology import LOOPBACK, Workload

TLS_INSPECTOR = "envoy.filters.listener.tls_inspector"


def tcp_listeners(view: View, workload: Workload) -> list[Listener]:
    """One for each port that the workload was given a loopback port for, if the program sees it or its connections are
    passed on."""
    ports = {(dialled.host, dialled.port): dialled.listen_port for dialled in workload.outbound}
    return [
        tcp_listener(
            view, workload, service, port, f"tcp|{port.number}|{service.host}", ports[service.host, port.number]
        )
        for service, port in (*view.stream_ports, *view.hidden_ports)
        if (service.host, port.number) in ports
    ]


def tcp_listener(
    view: View, workload: Workload, service: Called, port: Port, name: str, listen_port: int, address: str = LOOPBACK
) -> Listener:
    """A loopback port whose connections go to a port of the service, or where routes send them."""
    listener = Listener(name=name, address=loopback(listen_port, address), traffic_direction=OUTBOUND)
    if view.is_hidden(service):
        listener.filter_chains.append(passed_on_chain(view, workload, service, port))
        return listener
    listener.filter_chains.extend(service_chains(view, workload, service, port))
    if any(chain.filter_chain_match.server_names for chain in listener.filter_chains):
        listener.listener_filters.add(name=TLS_INSPECTOR, typed_config=pack(TlsInspector()))
    return listener
