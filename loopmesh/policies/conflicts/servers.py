"""Servers of Gateways that meet on one port of a gateway workload."""

from collections.abc import Iterator, Sequence

from loopmesh.model.application import GatewayWorkload
from loopmesh.model.edge import Gateway, Server, ServerKind
from loopmesh.model.problem import Problem
from loopmesh.policies.analysis import Message, policy_problem


def servers_of_one_port(gateways: Sequence[Gateway], workloads: Sequence[GatewayWorkload]) -> Iterator[Problem]:
    """Those that Istio would leave out (`mergeGateways`), or whose order alone would decide (IST0145)."""
    told: set[Problem] = set()
    for workload in workloads:
        opened = [
            (gateway, server) for gateway in gateways if gateway.selects(workload.labels) for server in gateway.servers
        ]
        for problem in _among(opened):
            if problem not in told:
                told.add(problem)
                yield problem


def _among(opened: list[tuple[Gateway, Server]]) -> Iterator[Problem]:
    first: dict[int, Server] = {}
    owners: dict[tuple[int, str], tuple[Gateway, Server]] = {}
    for gateway, server in opened:
        other = first.setdefault(server.port, server)
        if not _may_share(other, server):
            rule = f"{other.source} opens this port for {_spoken(other)}, and this server for {_spoken(server)}"
            yield policy_problem(server.source, f"port {server.port}", rule, "use another port")
            continue
        for host in server.hosts:
            owner, owned = owners.setdefault((server.port, host), (gateway, server))
            if owned is not server and (owner is not gateway or server.tls is not None):
                rule = f"{owned.source} answers for it on port {server.port} already"
                message = Message.SERVERS_OF_ONE_HOST if owner is not gateway else None
                yield policy_problem(
                    server.source, f"host {host}", rule, "name the host in one server only", message=message
                )


def _may_share(one: Server, other: Server) -> bool:
    """Bytes that nobody looks at leave no room for a second server (Istio `canMergeProtocols`)."""
    return one is other or (one.kind is not ServerKind.TCP and _spoken(one) == _spoken(other))


def _spoken(server: Server) -> str:
    if server.tls is not None:
        return "TLS"
    return "HTTP" if server.is_http else "TCP"
