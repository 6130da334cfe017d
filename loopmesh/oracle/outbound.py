"""Ways into the outbound listeners that a cluster does not need: one socket for all ports, and `mesh forward`.

Both hand a request on as it came: no retry, no timeout, no header of their own.
"""

from collections.abc import Collection, Mapping
from typing import Any

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.core.v3.base_pb2 import OUTBOUND as OUTBOUND_DIRECTION
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.extensions.filters.http.router.v3 import router_pb2 as _router  # noqa: F401 # packed by name below
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2 as _manager  # noqa: F401
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2 as _options  # noqa: F401
from google.protobuf.json_format import ParseDict

from loopmesh.model.application import Application, Port, Service
from loopmesh.model.topology import Forward
from loopmesh.oracle.addresses import OUTBOUND, outbound_socket, pipe, tcp
from loopmesh.oracle.outside import REFUSED

TYPE_URL = "type.googleapis.com/envoy.extensions"
UNLIMITED = 2**32 - 1
DEFAULT_PORT = 80
BAD_GATEWAY = 502
EVERYTHING = {"prefix": "/"}


def to_socket(name: str) -> Cluster:
    """A cluster named like the socket; it speaks the HTTP the request came with."""
    limits = dict.fromkeys(("max_connections", "max_pending_requests", "max_requests"), UNLIMITED)
    said: dict[str, Any] = {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "10s",
        "circuit_breakers": {"thresholds": [limits]},
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": f"{TYPE_URL}.upstreams.http.v3.HttpProtocolOptions",
                "use_downstream_protocol_config": {"http2_protocol_options": {}},
            }
        },
    }
    cluster: Cluster = ParseDict(said, Cluster())
    cluster.load_assignment.cluster_name = name
    cluster.load_assignment.endpoints.add().lb_endpoints.add().endpoint.address.CopyFrom(pipe(name))
    return cluster


def switch(
    application: Application, namespace: str, ports: Collection[int], clusters: Mapping[str, list[str]], unknown: str
) -> Listener:
    """The program's outbound socket where services have several ports: `inventory:50051` leaves by that port. No
    listener is for the other ports; Istio hands connections to them on, to `clusters` by the names called, or does what
    it does by the cluster `unknown`."""
    names = _names_without_port(application, namespace)
    hosts = [
        _virtual_host(f"{port}", [f"*:{port}", *names.get(port, ())], _everything(_hand_on(outbound_socket(port))))
        for port in sorted(ports)
    ]
    hosts += [_virtual_host(name, called, _everything(_hand_on(name))) for name, called in clusters.items()]
    hosts.append(_rest(ports, unknown))
    listener = _listener("outbound", hosts)
    listener.address.CopyFrom(pipe(OUTBOUND))
    return listener


def names_with_port(service: Service, port: Port, namespace: str) -> list[str]:
    """What callers of a namespace write; where a service has one port, its name alone is plain."""
    names = service.names_from(namespace)
    return [*(f"{name}:{port.number}" for name in names), *(names if len(service.ports) == 1 else ())]


def forward_name(forward: Forward) -> str:
    return f"forward|{forward.port}|{forward.listen_port}|{forward.host}"


def forward_listener(forward: Forward) -> Listener:
    """A loopback port whose calls go to one service, whatever `:authority` they name."""
    host = _virtual_host("forward", ["*"], _everything(_hand_on(OUTBOUND, f"{forward.host}:{forward.port}")))
    listener = _listener(forward_name(forward), [host])
    listener.address.CopyFrom(tcp(forward.listen_address, forward.listen_port))
    return listener


def _names_without_port(application: Application, namespace: str) -> Mapping[int, list[str]]:
    """Where a service has one port, its name alone is plain."""
    names: dict[int, list[str]] = {}
    for service in application.services:
        if len(service.ports) == 1:
            names.setdefault(service.ports[0].number, []).extend(service.names_from(namespace))
    return names


def _rest(ports: Collection[int], unknown: str) -> dict[str, Any]:
    """Of the other names those without a port mean port 80, as everywhere."""
    answer = {"status": BAD_GATEWAY, "body": {"inline_string": "no service of the mesh has this port\n"}}
    action = {"direct_response": answer} if unknown == REFUSED else {"route": _hand_on(unknown)}
    if DEFAULT_PORT not in ports:
        return _virtual_host("*", ["*"], {"match": EVERYTHING, **action})
    with_port = {"name": ":authority", "string_match": {"safe_regex": {"regex": r".*:\d+"}}}
    otherwise = _everything(_hand_on(outbound_socket(DEFAULT_PORT)))
    return _virtual_host("*", ["*"], {"match": {**EVERYTHING, "headers": [with_port]}, **action}, otherwise)


def _hand_on(socket: str, authority: str = "") -> dict[str, Any]:
    rewrite = {"host_rewrite_literal": authority} if authority else {}
    return {"cluster": socket, "timeout": "0s", "idle_timeout": "0s", **rewrite}


def _everything(action: dict[str, Any]) -> dict[str, Any]:
    return {"match": EVERYTHING, "route": action}


def _virtual_host(name: str, domains: list[str], *routes: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "domains": domains, "routes": list(routes)}


def _listener(name: str, virtual_hosts: list[dict[str, Any]]) -> Listener:
    router = {"@type": f"{TYPE_URL}.filters.http.router.v3.Router", "suppress_envoy_headers": True}
    manager = {
        "@type": f"{TYPE_URL}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "generate_request_id": False,
        "preserve_external_request_id": True,
        "server_header_transformation": "PASS_THROUGH",
        "skip_xff_append": True,
        "stream_idle_timeout": "0s",
        "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": router}],
        "route_config": {"name": name, "virtual_hosts": virtual_hosts},
    }
    network = {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}
    listener: Listener = ParseDict({"name": name, "filter_chains": [{"filters": [network]}]}, Listener())
    listener.traffic_direction = OUTBOUND_DIRECTION
    return listener
