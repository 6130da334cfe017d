"""The baseline: the shop's programs alone, without a proxy, each on a Unix socket."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import yaml
from grpc_health.v1 import health_pb2, health_pb2_grpc

EAGER = (("grpc.initial_reconnect_backoff_ms", 20), ("grpc.max_reconnect_backoff_ms", 20))
"""gRPC otherwise waits a second and longer before it looks again, and the baseline would be too slow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BarePrograms:
    """`seconds` until the last of them was healthy."""

    seconds: float
    pids: tuple[int, ...]


@contextmanager
def bare_programs(folder: Path) -> Iterator[BarePrograms]:
    """Starts every replica of the values file at once and ends them afterwards."""
    values = yaml.safe_load(Path("helm/shop/values.yaml").read_text())
    started = time.monotonic()
    programs = {
        f"{name}-{version}-{index}": _start(folder, name, version, index, service["command"], settings.get("env", {}))
        for name, service in values["services"].items()
        for version, settings in service["versions"].items()
        for index in range(settings["replicas"])
    }
    try:
        for name in programs:
            _wait_healthy(f"unix:{folder}/{name}.sock")
        yield BarePrograms(seconds=time.monotonic() - started, pids=tuple(program.pid for program in programs.values()))
    finally:
        for program in programs.values():
            program.terminate()
        for program in programs.values():
            program.wait(timeout=30)


def _start(
    folder: Path, service: str, version: str, index: int, command: list[str], environment: dict[str, str]
) -> subprocess.Popen[bytes]:
    name = f"{service}-{version}-{index}"
    argv = [sys.executable if word == "python" else word for word in command]
    variables = {
        "LISTEN_ADDR": f"unix:{folder}/{name}.sock",
        "DATABASE_URL": f"sqlite:///{folder}/{service}.db",
        "HOSTNAME": name,
        "OTEL_SERVICE_NAME": service,
        **json.loads(json.dumps(environment), parse_int=str),
    }
    return subprocess.Popen(
        argv,
        env={**os.environ, **variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # As in the mesh: Linux shares a busy machine out by sessions.
        start_new_session=True,
    )


def _wait_healthy(target: str) -> None:
    deadline = time.monotonic() + 60
    with grpc.insecure_channel(target, options=EAGER) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        while True:
            try:
                answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=1, wait_for_ready=True)
                if answer.status == health_pb2.HealthCheckResponse.SERVING:
                    return
            except grpc.RpcError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.02)
