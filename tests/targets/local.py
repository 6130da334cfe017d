"""A mesh of this machine."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc

from loopmesh.cli.client import find_workload, get_status
from loopmesh.control.authority import Certificate
from loopmesh.model.topology import LOOPBACK
from loopmesh.testing.mesh_process import MeshProcess
from tests.targets.asking import ask_here, tls_answer, tls_question
from tests.targets.target import Call, Outcome, TlsAnswer

METHOD = "/lab.scripted.v1.ScriptedService/Do"


@dataclass(slots=True)
class LocalApplication:
    mesh: MeshProcess

    @property
    def edge(self) -> str:
        return self.mesh.edge

    def codes(self, caller: str, calls: Iterable[Call]) -> Mapping[Call, grpc.StatusCode]:
        proxy = f"unix:{find_workload(get_status(self.mesh.state), caller).outbound_socket}"
        return {(target, path): _code(proxy, target, path) for target, path in calls}

    def plaintext_answers(self, target: str) -> bool:
        (answer,) = ask_here([{"plain": self._inbound(target), "path": "/"}])
        return answer["status"] is not None

    def tls(self, target: str, path: str, certificate: Certificate | None) -> TlsAnswer:
        (answer,) = ask_here([tls_question(self._inbound(target), path, certificate)])
        return tls_answer(answer)

    def _inbound(self, target: str) -> str:
        return f"{LOOPBACK}:{inbound_port(self.mesh, target.partition(':')[0])}"


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


def _code(proxy: str, target: str, path: str) -> grpc.StatusCode:
    with grpc.insecure_channel(proxy, [("grpc.default_authority", target)]) as channel:
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
