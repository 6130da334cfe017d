"""The programs a cluster of one's own needs: how old they may be, and where each comes from."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tools.images.engine import ImageError
from tools.kube.cluster import KubeError


@dataclass(frozen=True, slots=True)
class Program:
    source: str
    """How to get it."""
    question: str
    """What makes it tell its version."""
    oldest: tuple[int, int] = (0, 0)
    """Major and minor version."""


PROGRAMS = {
    # Its node runs a Kubernetes that Istio and native sidecars need, and takes images of Docker's later stores.
    "kind": Program(
        "install it (`go install sigs.k8s.io/kind@v0.33.0`, or kind.sigs.k8s.io, Installation)", "version", (0, 27)
    ),
    "helm": Program(
        "install it (`go install helm.sh/helm/v3/cmd/helm@v3.22.0`, or helm.sh, Installing Helm)",
        "version --short",
        # The tests of a rollout, and its guide, keep a release's values with --reset-then-reuse-values.
        (3, 14),
    ),
    "kubectl": Program("install it (kubernetes.io, Install Tools)", "version --client"),
    "git": Program("install it (Debian and Ubuntu: `apt-get install git`)", "--version"),
}


def find_missing(*names: str) -> list[str]:
    """A line for each that is not here, does not work or is too old, with the remedy."""
    return [line for name in names if (line := _complaint(name, PROGRAMS[name]))]


def complaints_of(find: Callable[[], object]) -> list[str]:
    """What it says of something that cannot be found."""
    try:
        find()
    except (KubeError, ImageError) as error:
        return [str(error)]
    return []


def require(complaints: Iterable[str]) -> None:
    """All that is missing in one answer, a line each. Raises KubeError."""
    if lines := list(complaints):
        raise KubeError("\n".join(lines))


def _complaint(name: str, program: Program) -> str | None:
    if shutil.which(name) is None:
        return f"{name} is not on PATH: {program.source}"
    try:
        words = (name, *program.question.split())
        answer = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError as error:
        return f"{name} does not start ({error.strerror}): {program.source}"
    if answer.returncode:
        return f"`{' '.join(words)}` fails: {program.source}"
    found = re.search(r"v?(\d+)\.(\d+)", answer.stdout)
    if found and (int(found[1]), int(found[2])) < program.oldest:
        oldest = ".".join(map(str, program.oldest))
        return f"{name} {found[1]}.{found[2]} is too old, {oldest} or newer is needed: {program.source}"
    return None
