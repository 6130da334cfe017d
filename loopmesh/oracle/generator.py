"""The running generator: one question at a time, an answer a line."""

import asyncio
import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_pb2 import RouteConfiguration

from loopmesh.oracle.errors import BrokenError, OracleError, Refusal, RefusedError
from loopmesh.oracle.question import Question

# Filters that exist only in Istio's own Envoy build would be refused by a stock one.
FEATURES = {
    "PILOT_ENABLE_ALPN_FILTER": "false",
    "PILOT_ENABLE_METADATA_EXCHANGE": "false",
    "PILOT_ENABLE_TELEMETRY_LABEL": "false",
}
LONGEST_ANSWER = 1 << 30
MESSAGES: Mapping[str, type[Any]] = {
    "clusters": Cluster,
    "endpoints": ClusterLoadAssignment,
    "listeners": Listener,
    "routes": RouteConfiguration,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyResources:
    """What istiod would send to one proxy."""

    clusters: list[Cluster]
    endpoints: list[ClusterLoadAssignment]
    listeners: list[Listener]
    routes: list[RouteConfiguration]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Resources by the names of the workloads; `milliseconds` is what Istio needed."""

    proxies: Mapping[str, ProxyResources]
    milliseconds: float


class Generator:
    """Made by `start`; ends when its input is closed, so also with this process, however that ends."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        """`log` is for whoever has more to say of a failure than a line."""
        self.log = log
        self._process = process
        self._one_at_a_time = asyncio.Lock()
        self._has_ended = False

    @classmethod
    async def start(cls, binary: Path) -> "Generator":
        """Raises OracleError when it cannot be executed."""
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                str(binary), stdin=pipe, stdout=pipe, stderr=pipe, env=FEATURES, limit=LONGEST_ANSWER
            )
        except OSError as error:
            raise OracleError(f"cannot start {binary}: {error.strerror}; delete it to have it built again") from error
        return cls(process, binary.with_name("failure.log"))

    async def ask(self, question: Question) -> Answer:
        """Raises RefusedError when Istio does not take the policies, BrokenError when its code breaks on them, and
        OracleError when the generator does."""
        async with self._one_at_a_time:
            answer = await self._exchange(json.dumps(question.as_json()).encode() + b"\n")
        if "problems" in answer:
            raise RefusedError([_refusal(found, len(question.services)) for found in answer["problems"]])
        if "stack" in answer:
            raise BrokenError(answer["error"], answer["stack"])
        if "error" in answer:
            raise OracleError(f"Istio's generator failed: {answer['error']}")
        proxies = {name: _resources(found) for name, found in answer["proxies"].items()}
        return Answer(proxies=proxies, milliseconds=answer["milliseconds"])

    @property
    def has_ended(self) -> bool:
        """By itself, or somebody ended it; another must be started."""
        return self._has_ended or self._process.returncode is not None

    async def close(self) -> None:
        """Waits for its end."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        await self._process.wait()

    async def _exchange(self, line: bytes) -> Any:
        process = self._process
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise OracleError("the generator was started without pipes")
        try:
            process.stdin.write(line)
            await process.stdin.drain()
            answered = await process.stdout.readline()
        except (ConnectionError, RuntimeError):  # uvloop's, of a pipe that was closed before
            answered = b""
        if not answered:
            self._has_ended = True
            said = (await process.stderr.read()).decode().strip()
            raise OracleError(f"Istio's generator ended: {said or 'it said nothing'}")
        return json.loads(answered)


def _refusal(found: Mapping[str, Any], services: int) -> Refusal:
    """The user's policies follow the objects made for the services."""
    return Refusal(policy=found["object"] - services, message=found["message"])


def _resources(found: Mapping[str, list[str] | None]) -> ProxyResources:
    read = {
        field: [message.FromString(base64.b64decode(text)) for text in found[field] or ()]
        for field, message in MESSAGES.items()
    }
    return ProxyResources(**read)
