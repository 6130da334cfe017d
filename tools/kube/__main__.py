"""`make test-kube KIT=FOLDER`: the charts on a real Kubernetes with Istio, and the end-to-end tests against them.

Each step says what it does and how long it took. The node stays up; `KIT/down` ends it.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.images.__main__ import ROOT
from tools.kube import images
from tools.kube.node import KubeError, Node

SCRIPTED = ROOT / "tests" / "e2e" / "scripted"
KIT_VALUES = ROOT / "helm" / "kit-values.yaml"
LAB_VALUES = ("--set", "image.repository=localhost/loopmesh/scripted", "--set", "image.tag=0.1.0")
ROLLOUT_S = 240


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.kube", description=__doc__, epilog="Further arguments go to pytest."
    )
    parser.add_argument("kit", type=Path, help="the folder of the cluster kit")
    arguments, pytest = parser.parse_known_args()
    if not (arguments.kit / "config.sh").is_file():
        print(
            f"{arguments.kit} is no cluster kit: it has no config.sh; say `make test-kube KIT=FOLDER`", file=sys.stderr
        )
        return 2
    node = Node(arguments.kit.absolute())
    try:
        for name, step in _steps(node, pytest):
            with _timed(name):
                step()
    except KubeError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _steps(node: Node, pytest: list[str]) -> Iterator[tuple[str, Callable[[], None]]]:
    yield "build what the node runs", lambda: node.script("build")
    if not node.is_up():
        yield "start the node", lambda: node.script("up")
    yield "install Istio", lambda: node.script("istio")
    yield "build the images", lambda: images.build(node)
    yield "load the images", lambda: _load(node)
    yield "install the shop and the scripted application", lambda: _install(node)
    yield "wait for every workload", lambda: _wait(node)
    yield "helm test", lambda: node.deploy("test", "shop", "--namespace", "shop")
    yield "run the tests", lambda: _test(node, pytest)


def _load(node: Node) -> None:
    with tempfile.TemporaryDirectory() as folder:
        images.load(node, Path(folder))


def _install(node: Node) -> None:
    charts = ROOT / "helm"
    upgrade = ("upgrade", "--install", "--create-namespace")
    node.deploy(*upgrade, "shop", str(charts / "shop"), "--namespace", "shop", "--values", str(KIT_VALUES))
    values = ("--values", str(SCRIPTED / "values.yaml"), *LAB_VALUES)
    scripts = [word for name in ("backend", "caller") for word in ("--set", f"services.{name}.env.SCRIPT=/tmp/script")]
    node.deploy(*upgrade, "lab", str(charts / "application"), "--namespace", "lab", *values, *scripts)
    for policy in sorted((SCRIPTED / "policies").glob("*.yaml")):
        node.ask("apply", "-f", "-", stdin=policy.read_text())


def _wait(node: Node) -> None:
    for namespace in ("shop", "lab"):
        workloads = node.ask("-n", namespace, "get", "deployments,statefulsets", "-o", "name").split()
        for workload in workloads:
            print(f"  {namespace}: {workload}")
            node.ask("-n", namespace, "rollout", "status", workload, f"--timeout={ROLLOUT_S}s")


def _test(node: Node, arguments: list[str]) -> None:
    environment = (
        f"KUBECTL={' '.join(node.kubectl)}",
        f"HELM={' '.join(node.helm)}",
        f"PATH={os.environ['PATH']}",
        f"HOME={os.environ.get('HOME', '/')}",
    )
    pytest = (str(ROOT / ".venv" / "bin" / "pytest"), "--target", "kube", "tests/e2e", *arguments)
    node.run("env", "-C", str(ROOT), *environment, *pytest, shown=True)


@contextmanager
def _timed(name: str) -> Iterator[None]:
    print(f"== {name}", flush=True)
    begun = time.monotonic()
    yield
    print(f"   {time.monotonic() - begun:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
