"""The kit's node: a Kubernetes with Istio in namespaces of its own. KIT is the folder of its scripts."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path


class KubeError(Exception):
    """A step failed; the message says which and what it printed."""


@dataclass(frozen=True, slots=True)
class Node:
    kit: Path

    @property
    def state(self) -> Path:
        return Path(os.environ.get("CLUSTER_DIR", "/tmp/cluster-state"))  # noqa: S108 - the kit's own default

    @property
    def kubectl(self) -> tuple[str, ...]:
        """The command inside the node."""
        return (str(self.state / "bin" / "kubectl"), "--kubeconfig", str(self.state / "pki" / "admin.conf"))

    def is_up(self) -> bool:
        return subprocess.run([self.kit / "kubectl", "get", "nodes"], capture_output=True, check=False).returncode == 0

    def script(self, name: str, *words: str) -> None:
        """One of the kit's scripts; what it says is shown. Raises KubeError."""
        if subprocess.run([self.kit / name, *words], check=False).returncode:
            raise KubeError(f"{self.kit / name} {' '.join(words)} failed")

    def run(self, *words: str, stdin: str | None = None, shown: bool = False) -> str:
        """A command where Service names and addresses work. Raises KubeError."""
        inside = ("bash", "-c", 'source "$0/config.sh" && in_node "$@"', str(self.kit), *words)
        answer = subprocess.run(inside, input=stdin, capture_output=not shown, text=True, check=False)
        if answer.returncode:
            raise KubeError(f"{' '.join(words[:6])} … ended with {answer.returncode}\n{answer.stderr or ''}")
        return answer.stdout or ""

    def ask(self, *words: str, stdin: str | None = None) -> str:
        """kubectl. Raises KubeError."""
        return self.run(*self.kubectl, *words, stdin=stdin)

    @property
    def helm(self) -> tuple[str, ...]:
        """The command inside the node."""
        folders = [f"HELM_{name}_HOME=/run/helm" for name in ("CACHE", "CONFIG", "DATA")]
        kubeconfig = ("--kubeconfig", str(self.state / "pki" / "admin.conf"))
        return ("env", *folders, str(self.state / "bin" / "helm"), *kubeconfig)

    def deploy(self, *words: str) -> None:
        """helm. Raises KubeError."""
        self.run(*self.helm, *words)
