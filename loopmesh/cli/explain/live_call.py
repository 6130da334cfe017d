"""A call simulated on what the proxies of a running mesh have at this moment."""

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.client import split_target
from loopmesh.cli.errors import CommandError
from loopmesh.cli.explain.live_cluster import LiveCluster, live_cluster
from loopmesh.cli.explain.live_configuration import live_proxy
from loopmesh.simulate import Call, NotSimulatedError, Proxy, Request, simulate_call
from loopmesh.simulate.endpoint import Endpoint


def simulate_live_call(status: admin_pb2.GetStatusResponse, caller: admin_pb2.WorkloadStatus, request: Request) -> Call:
    """Each server's configuration is read when the call comes to it. Raises CommandError."""
    known: dict[str, Proxy] = {}

    def find_proxy(endpoint: Endpoint) -> Proxy | None:
        found = next((one for one in status.workloads if one.name == endpoint.workload), None)
        if found is not None and found.name not in known:
            known[found.name] = live_proxy(found)
        return known.get(endpoint.workload)

    _, port = split_target(request.authority)
    try:
        return simulate_call(live_proxy(caller), request, port, find_proxy)
    except NotSimulatedError as error:
        raise CommandError(f"what becomes of this call is not known: {error} is not simulated") from error


def live_clusters(caller: admin_pb2.WorkloadStatus, call: Call) -> dict[str, LiveCluster]:
    """What is going on at the destinations of a call, by the names of their clusters. Raises CommandError."""
    return {
        landing.name: live_cluster(caller.envoy_admin_socket, landing.name, landing.cluster.limits)
        for landing in call.landings
        if landing.cluster
    }
