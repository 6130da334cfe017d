"""A proxy's configuration taken apart into what mesh words have names for, whoever made it.

The two compilers cut the same meaning into different listeners and route configurations: Istio has one inbound listener
for all ports and an outbound one for each port, loopmesh the other way round. A part is the same piece in both.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from google.protobuf.message import Message

from loopmesh.model.topology import Workload, WorkloadKind
from loopmesh.oracle.comparison.plain import Plain, plain

Part = tuple[str, str]
"""What it is and which one, such as `("route", "orders.shop.svc.cluster.local:50051 #1")`."""
GATEWAY_ROUTES = re.compile(r"https?\.\d+.*")
HOST_AND_PORT = re.compile(r".+:\d+")
MANAGER = "envoy.filters.network.http_connection_manager"
OWN_INBOUND = re.compile(r"inbound\|(\d+)")
ISTIO_INBOUND = "virtualInbound"
OWN_GATEWAY = re.compile(r"gateway\|(\d+)")
PORT = re.compile(r":\d+$")
RANGE = re.compile(r"\[?[0-9a-f.:]+/\d+]?")
WILDCARD = re.compile(r"0\.0\.0\.0_(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """One proxy's, by name."""

    clusters: Mapping[str, Message] = field(default_factory=dict)
    listeners: Mapping[str, Message] = field(default_factory=dict)
    routes: Mapping[str, Message] = field(default_factory=dict)


def parts_of(configuration: Configuration, workload: Workload) -> dict[Part, Plain]:
    """Clusters to nowhere and what loopmesh adds for its own use are no parts."""
    is_gateway = workload.kind is WorkloadKind.GATEWAY
    found: dict[Part, Plain] = {}
    for name, message in configuration.clusters.items():
        if name.startswith(("outbound|", "inbound|")):
            found["cluster", name] = plain(message)
    for message in configuration.routes.values():
        found.update(_of_routes(plain(message), is_gateway=is_gateway))
    for message in configuration.listeners.values():
        found.update(_of_gateway(plain(message)) if is_gateway else _of_sidecar(plain(message), workload))
    return found


def _of_routes(said: Plain, *, is_gateway: bool) -> Iterator[tuple[Part, Plain]]:
    """A virtual host and each of its routes; `#1` is asked first."""
    if is_gateway and not GATEWAY_ROUTES.fullmatch(said["name"]):
        return
    for host in said.get("virtual_hosts", ()):
        if not HOST_AND_PORT.fullmatch(host["name"]):
            continue
        # Istio puts names with the same routes into one virtual host of an edge.
        names = [f"{said['name']} {name}" for name in host_names(host["domains"])] if is_gateway else [host["name"]]
        for name in names:
            kept = {key: value for key, value in host.items() if key not in ("name", "routes")}
            yield ("host", name), kept | {"domains": [name.rpartition(" ")[2]]} if is_gateway else kept
            for number, route in enumerate(host.get("routes", ()), start=1):
                yield ("route", f"{name} #{number}"), route


def host_names(domains: list[str]) -> list[str]:
    """Without ports, without the root's dot, without the addresses services have on a cluster, and without ranges of
    addresses, which no call can have for a name."""
    names = {PORT.sub("", domain).removesuffix(".") for domain in domains}
    return sorted(name for name in names if not name.startswith("240.") and not RANGE.fullmatch(name))


def _of_gateway(said: Plain) -> Iterator[tuple[Part, Plain]]:
    if found := OWN_GATEWAY.fullmatch(said["name"]) or WILDCARD.fullmatch(said["name"]):
        for number, chain in enumerate(_chains(said), start=1):
            yield ("edge", f"port {found[1]} #{number}"), chain


def _of_sidecar(said: Plain, workload: Workload) -> Iterator[tuple[Part, Plain]]:
    name = said["name"]
    chains = _chains(said)
    addresses = [said["address"], *(one["address"] for one in said.get("additional_addresses", ()))]
    ports = [one["socket_address"]["port_value"] for one in addresses if "socket_address" in one]
    dialled = {one.listen_port: f"{one.host}:{one.port}" for one in workload.outbound}
    if found := OWN_INBOUND.fullmatch(name):
        for chain in chains:
            transports = ["plaintext"] if len(chains) == 1 and "transport_socket" not in chain else _transports(chain)
            yield from ((("inbound", f"port {found[1]}, {transport}"), chain) for transport in transports)
    elif name == ISTIO_INBOUND:
        for chain in chains:
            port = chain.get("filter_chain_match", {}).get("destination_port")
            if port in {inbound.port.number for inbound in workload.inbound}:
                yield from ((("inbound", f"port {port}, {transport}"), chain) for transport in _transports(chain))
    elif any(port in dialled for port in ports):
        for host in (dialled[port] for port in ports if port in dialled):
            leading = _leading_to(host.rpartition(":")[0], chains)
            yield from ((("TCP", f"{host} #{number}"), chain) for number, chain in enumerate(leading, start=1))
    elif name == "outbound" or WILDCARD.fullmatch(name):
        yield from _of_outbound(name, chains)


def _leading_to(host: str, chains: list[Plain]) -> list[Plain]:
    """Those for the host where it shares a listener, each once: Istio repeats one for every range of addresses."""
    leading = {
        repr(chain["filters"]): _at_any_address(chain)
        for chain in chains
        if chain.get("name") != "PassthroughFilterChain"
    }
    named = [chain for chain in leading.values() if host in chain.get("filter_chain_match", {}).get("server_names", ())]
    return named or list(leading.values())


def _at_any_address(chain: Plain) -> Plain:
    """Without the addresses that tell Istio's chains of a port apart: loopmesh has a listener for each host."""
    match = {key: said for key, said in chain.get("filter_chain_match", {}).items() if key != "prefix_ranges"}
    rest = {key: said for key, said in chain.items() if key != "filter_chain_match"}
    return rest | {"filter_chain_match": match} if match else rest


def _chains(said: Plain) -> list[Plain]:
    chains = list(said.get("filter_chains", ()))
    return [*chains, said["default_filter_chain"]] if "default_filter_chain" in said else chains


def _of_outbound(name: str, chains: list[Plain]) -> Iterator[tuple[Part, Plain]]:
    """loopmesh's listener, and Istio's for a port. The switch before those asks nobody for its routes: no part."""
    for chain in chains:
        for one in chain.get("filters", ()):
            if one["name"] == MANAGER and "rds" in one["typed_config"]:
                yield ("outbound", "" if name == "outbound" else f"port {name.rpartition('_')[2]}"), one["typed_config"]


def _transports(chain: Plain) -> tuple[str, ...]:
    """What a chain takes; one that says nothing takes all that is not the mesh's own."""
    if "transport_socket" in chain:
        return ("mutual TLS",)
    protocol = chain.get("filter_chain_match", {}).get("transport_protocol")
    return {"raw_buffer": ("plaintext",), "tls": ("other TLS",)}.get(protocol, ("plaintext", "other TLS"))
