"""The kit's node: a Kubernetes in namespaces of its own on this machine, built from Go modules by the kit's scripts."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tools.kube.cluster import KubeError, run


@dataclass(frozen=True, slots=True)
class Kit:
    """`folder` is that of the scripts."""

    folder: Path

    @property
    def state(self) -> Path:
        return Path(os.environ.get("CLUSTER_DIR", "/tmp/cluster-state"))  # noqa: S108 - the kit's own default

    @property
    def kubectl(self) -> tuple[str, ...]:
        return (str(self.state / "bin" / "kubectl"), *self._kubeconfig)

    @property
    def helm(self) -> tuple[str, ...]:
        folders = [f"HELM_{name}_HOME=/run/helm" for name in ("CACHE", "CONFIG", "DATA")]
        return ("env", *folders, str(self.state / "bin" / "helm"), *self._kubeconfig)

    @property
    def _kubeconfig(self) -> tuple[str, str]:
        return ("--kubeconfig", str(self.state / "pki" / "admin.conf"))

    def is_up(self) -> bool:
        question = (self.folder / "kubectl", "get", "nodes")
        return subprocess.run(question, capture_output=True, check=False).returncode == 0

    def script(self, name: str, *words: str) -> None:
        """One of the kit's scripts; what it says is shown. Raises KubeError."""
        if subprocess.run([self.folder / name, *words], check=False).returncode:
            raise KubeError(f"{self.folder / name} {' '.join(words)} failed")

    def run(self, *words: str, stdin: str | None = None, shown: bool = False) -> str:
        """A command inside the node, where Service names and addresses work. Raises KubeError."""
        inside = ("bash", "-c", 'source "$0/config.sh" && in_node "$@"', str(self.folder), *words)
        return run(inside, stdin=stdin, shown=shown, told=words)
