"""The secured lab: one service that tells what reaches it, called with the identities of two others."""

import http.client
import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loopmesh.testing.mesh_process import MeshProcess

FOLDER = Path(__file__).parent / "secured"
TESTED = "tested"
"""The name of every policy a test applies: the next one takes its place."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An answer; `body` is what the service saw, or the proxy's own words."""

    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass
class SecuredMesh:
    """Use with `with`. Ports into the mesh are opened once for each caller and target."""

    state: Path
    control_plane: str = "loopmesh"
    mesh: MeshProcess = field(init=False)
    _open: ExitStack = field(default_factory=ExitStack)
    _ports: dict[tuple[str, str], str] = field(default_factory=dict)

    def __enter__(self) -> "SecuredMesh":
        arguments = ("--values", "values.yaml", "--policies", "policies", "--control-plane", self.control_plane)
        self.mesh = MeshProcess(state=self.state, folder=FOLDER, up_arguments=arguments)
        self.mesh.up()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()
        self.mesh.down()

    def apply(self, kind: str, spec: object, namespace: str = "lab") -> None:
        """Puts one policy of the kind in the place of the last one."""
        document = {
            "apiVersion": "security.istio.io/v1",
            "kind": kind,
            "metadata": {"name": TESTED, "namespace": namespace},
            "spec": spec,
        }
        file = self.state.parent / "tested.json.yaml"
        file.write_text(json.dumps(document))
        self.mesh.command("apply", "-f", str(file))
        # A kept connection is judged once more by what held when it was opened, and then closed; as under Istio.
        for address in self._ports.values():
            request(address, "/", "GET", {})

    def ask(
        self,
        caller: str = "web",
        path: str = "/",
        method: str = "GET",
        target: str = "api:8000",
        body: str = "",
        **headers: str,
    ) -> Seen:
        """An HTTP request with the caller's identity; `_` in a header's name stands for `-`."""
        if (caller, target) not in self._ports:
            self._ports[caller, target] = self._open.enter_context(self.mesh.forward(caller, target))
        return request(self._ports[caller, target], path, method, headers, body)

    def ask_at_door(self, path: str = "/", method: str = "GET", **headers: str) -> Seen:
        return request(self.mesh.edge.removeprefix("http://"), path, method, headers)


def request(address: str, path: str, method: str, headers: Mapping[str, str], body: str = "") -> Seen:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection(address, timeout=30)
    try:
        said = {name.replace("_", "-"): text for name, text in headers.items()}
        connection.request(method, path, body=body or None, headers=said)
        answer = connection.getresponse()
        content = answer.read().decode()
        is_json = answer.headers.get_content_type() == "application/json"
        return Seen(answer.status, json.loads(content) if is_json else content, dict(answer.headers))
    finally:
        connection.close()
