"""`make test-kube KIT=FOLDER`: the charts and the tests on a real Kubernetes that needs no Docker and no registry.

The node stays up; `KIT/down` ends it.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from tools.images.engine import ROOT
from tools.kube import kit_images, monitoring
from tools.kube.applications import shop
from tools.kube.cluster import KubeError, ask
from tools.kube.istio import Charts
from tools.kube.kit import Kit
from tools.kube.steps import Step, install_istio, install_shop, run_tests, take

VALUES = ROOT / "helm" / "kit-values.yaml"
VOLUME, ON_NODE = Path(__file__).parent / "node-local.yaml", "/var/lib/node-local"


def deploy_to_kit(folder: Path, pytest: list[str]) -> None:
    """Raises KubeError and ImageError."""
    if not (folder / "config.sh").is_file():
        raise KubeError(f"{folder} is no cluster kit: it has no config.sh; say `make test-kube KIT=FOLDER`")
    take(_steps(Kit(folder.absolute()), pytest))


def _steps(kit: Kit, pytest: list[str]) -> Iterator[Step]:
    yield "build what the node runs", lambda: kit.script("build")
    if not kit.is_up():
        yield "start the node", lambda: kit.script("up")
    charts = Charts.in_folder(kit.state / "istio" / "charts")
    yield from install_istio(kit, charts, kit.folder / "manifests" / "istio-values.yaml")
    yield "build the images", lambda: kit_images.build(kit)
    yield "build what ships once more, from nothing", kit_images.build_again
    yield "build Prometheus and its operator", kit_images.build_monitoring
    yield "load the images", lambda: kit_images.load(kit)
    yield "give the node a volume", lambda: _make_volume(kit)
    yield "install Prometheus' operator", lambda: monitoring.install(kit)
    yield from install_shop(kit, shop("--values", str(VALUES)))
    inside = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    yield from run_tests(kit, inside, pytest)


def _make_volume(kit: Kit) -> None:
    kit.run("mkdir", "-p", ON_NODE)
    ask(kit, "apply", "-f", "-", stdin=VOLUME.read_text())
