"""Programs of other projects, built by Go at the versions tools/go pins."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULE = ROOT / "tools" / "go"
OWN_MODULES = {name: MODULE / name for name in ("kube-score", "actionlint")}
"""Tools whose dependencies cannot be pinned beside the others'."""
PROMETHEUS = "github.com/prometheus/prometheus/cmd"
OPERATOR = "github.com/prometheus-operator/prometheus-operator/cmd"


def run_tool(
    name: str, *arguments: str, stdin: str | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Builds the tool at its first use; arguments that are paths must be absolute."""
    module = OWN_MODULES.get(name, MODULE)
    return _go("-C", str(module), "tool", name, *arguments, stdin=stdin, environment=environment)


def run_own(*arguments: str, stdin: str, package: str = ".") -> subprocess.CompletedProcess[str]:
    """A program of tools/go itself: podsecurity, or that of a folder below."""
    return _go("-C", str(MODULE), "run", package, *arguments, stdin=stdin)


def build_prometheus(output: str) -> subprocess.CompletedProcess[str]:
    """`prometheus` and `promtool` into a folder, without the discovery of every cloud's machines: that is most of what
    there would be to build, and `go tool` cannot leave it out."""
    packages = [f"{PROMETHEUS}/{name}" for name in ("prometheus", "promtool")]
    return _go("-C", str(MODULE / "prometheus"), "build", "-tags", "remove_all_sd", "-o", output, *packages)


def build_monitoring(output: str) -> Iterator[subprocess.CompletedProcess[str]]:
    """A `prometheus` that finds a cluster's pods, and its operator's two programs, for an image with nothing else."""
    bare = {**os.environ, "CGO_ENABLED": "0"}
    words = ("build", "-ldflags=-s -w", "-o", output)
    pods = "-tags=remove_all_sd,enable_kubernetes_sd"
    yield _go("-C", str(MODULE / "prometheus"), *words, pods, f"{PROMETHEUS}/prometheus", environment=bare)
    operator = [f"{OPERATOR}/{name}" for name in ("operator", "prometheus-config-reloader")]
    yield _go("-C", str(MODULE / "prometheus-operator"), *words, *operator, environment=bare)


def build_tools() -> Iterator[str]:
    """All of them; the last Go says of each it cannot build."""
    for module in (MODULE, *OWN_MODULES.values()):
        tools = _go("-C", str(module), "list", "tool")
        yield from _complaint(tools)
        for tool in tools.stdout.split():
            yield from _complaint(_go("-C", str(module), "tool", "-n", tool))
    yield from _complaint(_go("-C", str(MODULE), "build", "-o", os.devnull, "./..."))
    yield from _complaint(build_prometheus(os.devnull))


def _complaint(answer: subprocess.CompletedProcess[str]) -> list[str]:
    return answer.stderr.splitlines()[-1:] if answer.returncode else []


def module_folder(module: str, version: str) -> Path:
    """Where a module's source is, downloaded at its first use."""
    answer = _go("mod", "download", "-json", f"{module}@{version}")
    answer.check_returncode()
    return Path(json.loads(answer.stdout)["Dir"])


def module_version(module: str, pinned_in: Path = MODULE) -> str:
    """The version that tools/go pins, or a module below it."""
    answer = _go("-C", str(pinned_in), "list", "-m", "-f", "{{.Version}}", module)
    answer.check_returncode()
    return answer.stdout.strip()


def _go(
    *arguments: str, stdin: str | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    words = ["go", *arguments]
    return subprocess.run(words, cwd=ROOT, env=environment, input=stdin, capture_output=True, text=True, check=False)
