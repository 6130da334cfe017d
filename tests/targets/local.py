"""A mesh of this machine."""

import json
import socket
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc

from loopmesh.cli.client import find_workload, get_status
from loopmesh.testing.mesh_process import MeshProcess
from tests.targets.target import Outcome

METHOD = "/lab.scripted.v1.ScriptedService/Do"
GRPC_PORT = 50051


@dataclass(slots=True)
class LocalShop:
    mesh: MeshProcess

    @property
    def edge(self) -> str:
        return self.mesh.edge

    def codes(self, caller: str, calls: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], grpc.StatusCode]:
        target = f"unix:{find_workload(get_status(self.mesh.state), caller).outbound_socket}"
        return {(service, path): _code(target, service, path) for service, path in calls}

    def plaintext_answers(self, service: str) -> bool:
        with socket.create_connection(("127.0.0.1", inbound_port(self.mesh, service)), timeout=5) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            try:
                return plain.recv(4096)[:4] == b"HTTP"
            except ConnectionResetError:
                return False


def inbound_port(mesh: MeshProcess, workload: str) -> int:
    """The loopback port on which a workload's sidecar takes calls."""
    dump = json.loads(mesh.command("config", workload))
    listeners = [
        found["active_state"]["listener"]
        for section in dump["configs"]
        for found in section.get("dynamic_listeners", ())
    ]
    inbound = next(listener for listener in listeners if listener["name"].startswith("inbound|"))
    return int(inbound["address"]["socket_address"]["port_value"])


def _code(target: str, service: str, path: str) -> grpc.StatusCode:
    with grpc.insecure_channel(target, [("grpc.default_authority", f"{service}:{GRPC_PORT}")]) as channel:
        try:
            channel.unary_unary(path, bytes, bytes)(b"", timeout=10)
        except grpc.RpcError as error:
            code: grpc.StatusCode = error.code()
            return code
    return grpc.StatusCode.OK


@dataclass(slots=True)
class LocalLab:
    """The scripted mesh, and the channel of `caller` through its proxy."""

    mesh: MeshProcess
    script: Path
    channel: grpc.Channel

    def say(self, instance: str = "all", **script: object) -> None:
        (self.script / f".{instance}").write_text(json.dumps(script))
        (self.script / f".{instance}").replace(self.script / f"{instance}.json")

    def forget(self) -> None:
        for path in self.script.glob("*"):
            path.unlink()

    def arrived(self) -> Counter[str]:
        return Counter({path.stem: len(path.read_text().splitlines()) for path in self.script.glob("*.calls")})

    def call(self, timeout_s: float = 10) -> Outcome:
        try:
            _, call = self.channel.unary_unary(METHOD, bytes, bytes).with_call(b"", timeout=timeout_s)
        except grpc.RpcError as error:
            return error.code(), error.details() or ""
        return call.code(), ""

    def call_often(self, times: int) -> list[Outcome]:
        return [self.call() for _ in range(times)]

    def apply(self, *documents: str) -> None:
        path = self.script.parent / "policy.yaml"
        path.write_text("\n---\n".join(documents))
        self.mesh.command("apply", "-f", str(path))

    def scale(self, replicas: int) -> None:
        self.mesh.command("scale", f"backend={replicas}")


@contextmanager
def running_lab(folder: Path, application: Path) -> Iterator[LocalLab]:
    """Starts the application in `application` with scripts in `folder`."""
    script = folder / "script"
    script.mkdir()
    mesh = MeshProcess(
        state=folder / "state",
        folder=application,
        up_arguments=("--values", "values.yaml", "--policies", "policies"),
        environment={"SCRIPT": str(script)},
    )
    mesh.up()
    target = f"unix:{find_workload(get_status(mesh.state), 'caller').outbound_socket}"
    with grpc.insecure_channel(target, [("grpc.default_authority", "backend:7000")]) as channel:
        yield LocalLab(mesh, script, channel)
    mesh.down()
