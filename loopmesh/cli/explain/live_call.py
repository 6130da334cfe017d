"""Calls simulated on what the proxies of a running mesh have at this moment."""

from collections.abc import Mapping

from envoy.config.listener.v3.listener_pb2 import Listener

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.client import split_target
from loopmesh.cli.errors import CommandError
from loopmesh.cli.explain.live_cluster import LiveCluster, live_cluster
from loopmesh.cli.explain.live_configuration import live_proxy
from loopmesh.cli.proxy_admin import bound_listeners
from loopmesh.simulate import (
    Call,
    NotSimulatedError,
    Proxy,
    Request,
    simulate_arrival,
    simulate_call,
    simulate_connection,
)
from loopmesh.simulate.cluster import ClusterFacts, cluster_facts
from loopmesh.simulate.endpoint import Endpoint


class LiveMesh:
    """Each proxy's configuration is read when a call first comes to it, and kept: for calls of one moment."""

    def __init__(self, status: admin_pb2.GetStatusResponse) -> None:
        self._workloads = {workload.name: workload for workload in status.workloads}
        self._known: dict[str, Proxy] = {}
        self._bound: dict[str, Mapping[tuple[str, int], str]] = {}

    def simulate(self, caller: str, request: Request) -> Call:
        """`caller` is an instance. Raises CommandError."""
        try:
            if request.is_stream:
                return simulate_connection(self._proxy(caller), request, self._find)
            _, port = split_target(request.authority)
            return simulate_call(self._proxy(caller), request, port, self._find)
        except NotSimulatedError as error:
            raise CommandError(f"what becomes of this call is not known: {error} is not simulated") from error

    def simulate_arrival(self, url: str, request: Request) -> Call:
        """A request from outside to a gateway's server, by its address in `mesh status`. Raises CommandError."""
        address, _, port = url.rpartition("/")[2].rpartition(":")
        door = Endpoint(workload="", address=address, port=int(port), healthy=True, weight=1, transport={})
        found = self._find(door)
        if found is None:
            raise CommandError(f"no gateway listens at {url}; see `mesh status`")
        try:
            return simulate_arrival(*found, request, self._find)
        except NotSimulatedError as error:
            raise CommandError(f"what becomes of this call is not known: {error} is not simulated") from error

    def destination(self, caller: str, cluster: str) -> ClusterFacts | None:
        """A destination as the caller's proxy knows it. Raises CommandError."""
        found = self._proxy(caller).cluster(cluster)
        return cluster_facts(found) if found is not None else None

    def clusters(self, call: Call) -> dict[str, LiveCluster]:
        """What is going on at the destinations of a call, by the names of their clusters. Raises CommandError."""
        admin = self._workloads[call.caller].envoy_admin_socket
        return {
            landing.name: live_cluster(admin, landing.name, landing.cluster.limits)
            for landing in call.landings
            if landing.cluster
        }

    def _find(self, endpoint: Endpoint) -> tuple[Proxy, Listener] | None:
        """By the name the endpoint has, else, as Istio's have none, by who listens there."""
        names = [endpoint.workload] if endpoint.workload in self._workloads else self._workloads
        at = endpoint.address, endpoint.port
        for name in names:
            if (listener := self._listeners(name).get(at)) and (found := self._proxy(name).listener(listener)):
                return self._proxy(name), found
        return None

    def _listeners(self, name: str) -> Mapping[tuple[str, int], str]:
        """Asked for first: a proxy says where it listens a hundred times as fast as all it has."""
        if name not in self._bound:
            self._bound[name] = bound_listeners(self._workloads[name].envoy_admin_socket)
        return self._bound[name]

    def _proxy(self, name: str) -> Proxy:
        if name not in self._known:
            self._known[name] = live_proxy(self._workloads[name])
        return self._known[name]
