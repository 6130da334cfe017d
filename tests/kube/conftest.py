"""`python -m tools.kube` as the Makefile runs it, where docker, kind, helm and kubectl are recorders."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tools.images.engine import ROOT

RECORDER = Path(__file__).parent / "recorder.py"


@dataclass(slots=True)
class Machine:
    """A machine with these programs only."""

    folder: Path
    answers: list[dict[str, Any]] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)

    def has(self, *names: str) -> None:
        for name in names:
            program = self.folder / "bin" / name
            program.write_text(f"#!{sys.executable}\n{RECORDER.read_text()}")
            program.chmod(0o755)

    def answer(self, to: str, says: object = "", status: int = 0, complains: str = "") -> None:
        """What is said last counts first."""
        text = says if isinstance(says, str) else json.dumps(says)
        self.answers.insert(0, {"to": to, "says": text, "status": status, "complains": complains})

    def run(self, *words: str, program: str = "tools.kube") -> subprocess.CompletedProcess[str]:
        """One of the Makefile's programs."""
        (self.folder / "answers").write_text(json.dumps(self.answers))
        places = {"RECORDED": str(self.folder / "recorded"), "ANSWERS": str(self.folder / "answers")}
        environment = {"PATH": str(self.folder / "bin"), "HOME": str(self.folder), **places, **self.environment}
        argv = (sys.executable, "-m", program, *words)
        return subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    @property
    def calls(self) -> list[dict[str, Any]]:
        """What the programs were asked, in order."""
        return [json.loads(line) for line in (self.folder / "recorded").read_text().splitlines()]

    def asked(self, *beginning: str) -> list[dict[str, Any]]:
        return [call for call in self.calls if call["words"][: len(beginning)] == list(beginning)]


@pytest.fixture
def bare(tmp_path: Path) -> Machine:
    """Nothing is installed."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "env").symlink_to("/usr/bin/env")
    return Machine(tmp_path)


@pytest.fixture
def machine(bare: Machine) -> Machine:
    """Everything is, and every step ends well."""
    bare.has("docker", "kind", "helm", "kubectl", "git")
    bare.answer("kubectl config get-contexts", "kind-loopmesh\n")
    bare.answer("docker port loopmesh-control-plane 30080/tcp", "127.0.0.1:8081\n")
    bare.answer("git rev-parse", "0123abc\n")
    for context in ("kind-loopmesh", "far"):
        bare.answer(f"kubectl --context {context} -n shop get deployments,statefulsets", "deployment.apps/catalog-v1\n")
        bare.answer(f"kubectl --context {context} -n scripted get deployments,", "statefulset.apps/backend-v1\n")
    bare.environment["ISTIO_CHARTS"] = str(istio_charts(bare.folder / "charts"))
    bare.environment.update({name: os.environ[name] for name in ("LANG",) if name in os.environ})
    return bare


def istio_charts(folder: Path) -> Path:
    for chart in ("base", "istio-control/istio-discovery"):
        (folder / chart).mkdir(parents=True)
        (folder / chart / "Chart.yaml").write_text("name: chart\n")
    return folder
