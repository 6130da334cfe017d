"""The control plane's server: aggregated discovery and secrets for admitted proxies, on a Unix socket."""

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import grpc
from envoy.service.discovery.v3.ads_pb2_grpc import add_AggregatedDiscoveryServiceServicer_to_server
from envoy.service.secret.v3.sds_pb2_grpc import add_SecretDiscoveryServiceServicer_to_server

from loopmesh.control.aggregated import AggregatedDiscovery
from loopmesh.control.authority import CertificateAuthority
from loopmesh.control.proxy import Proxy
from loopmesh.control.report import ControlError, ProxyEvent, PushReport, Rejection
from loopmesh.control.resources import Resources, Versioner
from loopmesh.control.rotation import Rotation
from loopmesh.control.secrets import SecretDiscovery
from loopmesh.model.topology import Workload

MESSAGE_BYTES = 256 * 1024 * 1024
PATIENCE_S = 10
RESOURCES_A_SECOND = 150
"""At least so many all proxies together take in, when few processors serve them all."""
STOP_GRACE_S = 0.2


def _ignore(name: str, event: ProxyEvent) -> None:
    """For those who only push."""


class ControlPlane:
    """Start, admit workloads, push; all from one event loop."""

    def __init__(
        self,
        socket_path: Path,
        authority: CertificateAuthority,
        clock: Callable[[], float] = time.time,
        notify: Callable[[str, ProxyEvent], None] = _ignore,
    ) -> None:
        """`notify` is called in the event loop with a workload's name whenever its proxy comes, is configured or
        goes; `clock` gives seconds since the epoch."""
        self._socket_path = socket_path
        self._clock = clock
        self._notify = notify
        self._proxies: dict[str, Proxy] = {}
        self._secrets = SecretDiscovery(authority, self._proxies.get)
        self._rotation = Rotation(self.rotate_due, clock, authority.ttl_s)
        self._updates: set[asyncio.Task[bool]] = set()
        self._server: grpc.aio.Server | None = None

    async def start(self) -> None:
        """Serves on the socket. Raises ControlError when it cannot be made."""
        limits = [("grpc.max_send_message_length", MESSAGE_BYTES), ("grpc.max_receive_message_length", MESSAGE_BYTES)]
        server = grpc.aio.server(options=limits)
        add_AggregatedDiscoveryServiceServicer_to_server(AggregatedDiscovery(self._proxies.get), server)
        add_SecretDiscoveryServiceServicer_to_server(self._secrets, server)
        try:
            server.add_insecure_port(f"unix:{self._socket_path}")
        except RuntimeError as error:
            raise ControlError(f"cannot listen on {self._socket_path}: {error}") from error
        await server.start()
        self._socket_path.chmod(0o600)
        self._server = server
        self._rotation.start()

    async def stop(self) -> None:
        """Ends the streams; proxies keep what they have."""
        await self._rotation.stop()
        for proxy in self._proxies.values():
            self._close(proxy)
        if self._server is not None:
            await self._server.stop(STOP_GRACE_S)

    def admit(self, workload: Workload) -> None:
        """Lets the workload's proxy connect and have its identity."""
        self._proxies.setdefault(workload.node_id, Proxy(workload, self._notify))

    def dismiss(self, name: str) -> None:
        """Forgets a workload; its proxy gets nothing more."""
        for proxy in self._by_name(name):
            del self._proxies[proxy.workload.node_id]
            self._close(proxy)

    def connected(self, name: str) -> bool:
        return any(proxy.stream is not None for proxy in self._by_name(name))

    def configured(self, name: str) -> bool:
        """Whether the workload's proxy has answered its whole configuration since it connected."""
        return any(proxy.configured for proxy in self._by_name(name))

    def rejections(self, name: str) -> tuple[Rejection, ...]:
        """What the workload's proxy should have and has refused."""
        return tuple(rejection for proxy in self._by_name(name) for rejection in proxy.rejections)

    def rotate_due(self) -> float | None:
        """Renews certificates past half of their life; returns when the next is due. The control plane does it by
        itself; call it after the clock was changed by hand."""
        return self._secrets.renew_due(self._clock())

    async def push(self, configs: Mapping[str, Resources], timeout_s: float | None = None) -> PushReport:
        """Gives every admitted workload its configuration; returns when each has answered, or after `timeout_s`, which
        grows with the configuration if it is not given.

        A proxy that is late is not waited for, but still gets all of it; later pushes do not wait for it either. What
        it then refuses is in no report, but in `rejections`.
        """
        started = time.perf_counter()
        versioner = Versioner()
        proxies = [proxy for proxy in self._proxies.values() if proxy.workload.name in configs]
        earlier = {proxy.workload.node_id: proxy.snapshot for proxy in proxies}
        for proxy in proxies:
            proxy.snapshot = versioner.snapshot(configs[proxy.workload.name])
        tasks = {self._update(proxy): proxy for proxy in proxies if proxy.stream is not None}
        patience_s = _patience_s(configs) if timeout_s is None else timeout_s
        done, pending = await asyncio.wait(tasks, timeout=patience_s) if tasks else (set(), set())
        rejections = tuple(found for one in proxies for found in one.rejections_since(earlier[one.workload.node_id]))
        lasted = {tasks[task].workload.name for task in done if task.result()}
        late = {tasks[task].workload.name for task in pending}
        return PushReport(
            acknowledged=tuple(sorted(lasted - {rejection.workload for rejection in rejections})),
            rejections=rejections,
            absent=tuple(sorted({proxy.workload.name for proxy in proxies} - lasted - late)),
            late=tuple(sorted(late)),
            milliseconds=(time.perf_counter() - started) * 1000,
        )

    def _update(self, proxy: Proxy) -> asyncio.Task[bool]:
        task = asyncio.create_task(proxy.update())
        self._updates.add(task)
        task.add_done_callback(self._updates.discard)
        return task

    def _close(self, proxy: Proxy) -> None:
        self._secrets.forget(proxy)
        if proxy.stream is not None:
            proxy.stream.close()

    def _by_name(self, name: str) -> list[Proxy]:
        return [proxy for proxy in self._proxies.values() if proxy.workload.name == name]


def _patience_s(configs: Mapping[str, Resources]) -> float:
    """How long proxies may take for all of it."""
    count = sum(len(messages) for resources in configs.values() for messages in resources.values())
    return PATIENCE_S + count / RESOURCES_A_SECOND
