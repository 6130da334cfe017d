"""A cluster as the steps see it: the commands that reach it, and where they are run."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class KubeError(Exception):
    """A step failed or something is missing; the message says what to do about it, or what was printed."""


class Cluster(Protocol):
    @property
    def kubectl(self) -> tuple[str, ...]:
        """The command."""

    @property
    def helm(self) -> tuple[str, ...]:
        """The command."""

    def run(self, *words: str, stdin: str | None = None, shown: bool = False) -> str:
        """A program where these commands work; what it printed, unless it is `shown`. Raises KubeError."""


@dataclass(frozen=True, slots=True)
class Context:
    """Any cluster, by the name it has in the user's own kubeconfig."""

    name: str

    @property
    def kubectl(self) -> tuple[str, ...]:
        return ("kubectl", "--context", self.name)

    @property
    def helm(self) -> tuple[str, ...]:
        return ("helm", "--kube-context", self.name)

    def run(self, *words: str, stdin: str | None = None, shown: bool = False) -> str:
        return run(words, stdin=stdin, shown=shown)


REMEDIES = {"no space left on device": "the disk is full: make room (`docker system prune` frees Docker's), then again"}
"""By what a program said."""


def run(
    words: Sequence[str], *, stdin: str | None = None, shown: bool = False, told: Sequence[str] | None = None
) -> str:
    """A program of this machine, in errors called by the words that are `told`. Raises KubeError."""
    try:
        answer = subprocess.run(words, input=stdin, capture_output=not shown, text=True, check=False)
    except OSError as error:
        raise KubeError(f"{words[0]} does not start: {error.strerror}") from error
    if answer.returncode:
        command = f"{' '.join((told or words)[:6])} … ended with {answer.returncode}"
        said = "what it said stands above" if shown else answer.stderr
        remedies = [remedy for cause, remedy in REMEDIES.items() if cause in said]
        raise KubeError("\n".join((command, said.rstrip(), *remedies)).rstrip())
    return answer.stdout or ""


def contexts() -> list[str]:
    """The names of all in the user's kubeconfig. Raises KubeError."""
    return run(("kubectl", "config", "get-contexts", "--output", "name")).split()


def check_ready(cluster: Context) -> None:
    """Raises KubeError."""
    try:
        ask(cluster, "get", "--raw", "/readyz", "--request-timeout=10s")
    except KubeError as error:
        said = str(error).splitlines()[-1]
        raise KubeError(
            f"the cluster of context {cluster.name!r} does not answer: start it and wait, or see `kubectl config view` "
            f"(kubectl says: {said})"
        ) from error


def ask(cluster: Cluster, *words: str, stdin: str | None = None, shown: bool = False) -> str:
    """kubectl. Raises KubeError."""
    return cluster.run(*cluster.kubectl, *words, stdin=stdin, shown=shown)


def release(cluster: Cluster, *words: str, stdin: str | None = None) -> None:
    """helm. Raises KubeError."""
    cluster.run(*cluster.helm, *words, stdin=stdin)
