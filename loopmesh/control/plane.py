"""The control plane's server: aggregated discovery and secrets for admitted proxies, on a Unix socket."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import grpc
from envoy.service.discovery.v3.ads_pb2_grpc import add_AggregatedDiscoveryServiceServicer_to_server
from envoy.service.secret.v3.sds_pb2_grpc import add_SecretDiscoveryServiceServicer_to_server

from loopmesh.control.aggregated import AggregatedDiscovery
from loopmesh.control.authority import CertificateAuthority
from loopmesh.control.proxy import Proxy
from loopmesh.control.report import PushReport, Rejection
from loopmesh.control.resources import Resources, Versioner
from loopmesh.control.rotation import Rotation
from loopmesh.control.secrets import SecretDiscovery
from loopmesh.model.topology import Workload

MESSAGE_BYTES = 256 * 1024 * 1024
STOP_GRACE_S = 0.2
log = logging.getLogger(__name__)


class ControlPlane:
    """Start, admit workloads, push; all from one event loop."""

    def __init__(
        self, socket_path: Path, authority: CertificateAuthority, clock: Callable[[], float] = time.time
    ) -> None:
        self._socket_path = socket_path
        self._proxies: dict[str, Proxy] = {}
        self._secrets = SecretDiscovery(authority, self._admitted)
        self._rotation = Rotation(self._secrets, clock)
        self._pushing = asyncio.Lock()
        self._server: grpc.aio.Server | None = None

    async def start(self) -> None:
        """Serves on the socket. Raises OSError when the socket cannot be made."""
        limits = [("grpc.max_send_message_length", MESSAGE_BYTES), ("grpc.max_receive_message_length", MESSAGE_BYTES)]
        self._server = grpc.aio.server(options=limits)
        add_AggregatedDiscoveryServiceServicer_to_server(AggregatedDiscovery(self._admitted), self._server)
        add_SecretDiscoveryServiceServicer_to_server(self._secrets, self._server)
        self._server.add_insecure_port(f"unix:{self._socket_path}")
        await self._server.start()
        self._socket_path.chmod(0o600)
        self._rotation.start()

    async def stop(self) -> None:
        """Ends the streams; proxies keep what they have."""
        await self._rotation.stop()
        if self._server is not None:
            await self._server.stop(STOP_GRACE_S)

    def admit(self, workload: Workload) -> None:
        """Lets the workload's proxy connect and have its identity."""
        self._proxies[workload.node_id] = Proxy(workload)

    def dismiss(self, name: str) -> None:
        """Forgets a workload; its proxy gets nothing more."""
        for node_id in [node for node, proxy in self._proxies.items() if proxy.workload.name == name]:
            proxy = self._proxies.pop(node_id)
            if proxy.stream is not None:
                proxy.stream.close()

    def connected(self, name: str) -> bool:
        return any(proxy.stream is not None for proxy in self._by_name(name))

    def rejections(self, name: str) -> tuple[Rejection, ...]:
        """What the workload's proxy refused and has not accepted since."""
        return tuple(rejection for proxy in self._by_name(name) for rejection in proxy.rejections)

    async def push(self, configs: Mapping[str, Resources], timeout_s: float = 10) -> PushReport:
        """Gives every admitted workload its configuration; returns when each has answered, or after `timeout_s`."""
        async with self._pushing:
            started = time.perf_counter()
            versioner = Versioner()
            proxies = [proxy for proxy in self._proxies.values() if proxy.workload.name in configs]
            for proxy in proxies:
                proxy.snapshot = versioner.snapshot(configs[proxy.workload.name])
            present = [proxy for proxy in proxies if proxy.stream is not None]
            tasks = {asyncio.ensure_future(proxy.update()): proxy.workload.name for proxy in present}
            done, pending = await asyncio.wait(tasks, timeout=timeout_s) if tasks else (set(), set())
            for task in pending:
                task.cancel()
            lasted = {tasks[task] for task in done if task.result()}
            rejections = tuple(rejection for proxy in proxies for rejection in proxy.rejections)
            refusing = {rejection.workload for rejection in rejections}
            return PushReport(
                acknowledged=tuple(sorted(lasted - refusing)),
                rejections=rejections,
                absent=tuple(sorted({proxy.workload.name for proxy in proxies} - set(tasks.values()))),
                late=tuple(sorted(tasks[task] for task in pending)),
                milliseconds=(time.perf_counter() - started) * 1000,
            )

    def _by_name(self, name: str) -> list[Proxy]:
        return [proxy for proxy in self._proxies.values() if proxy.workload.name == name]

    def _admitted(self, node_id: str) -> Proxy | None:
        return self._proxies.get(node_id)
