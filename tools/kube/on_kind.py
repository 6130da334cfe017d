"""`make kind`: a cluster in Docker with Istio and the shop, and the tests on it. `make kind-down` ends it."""

from collections.abc import Iterator

import yaml

from tools.images.building import IMAGES, build_images, local_tag
from tools.images.engine import ROOT, Engine
from tools.kube.applications import TESTED, build_tested, shop
from tools.kube.cluster import Context, run
from tools.kube.istio import Charts
from tools.kube.programs import require
from tools.kube.steps import Step, install_istio, install_shop, run_tests, take

CONFIG = ROOT / "helm" / "kind.yaml"
VALUES = ROOT / "helm" / "kind-values.yaml"
NEXT = """\
The shop runs on kind: {edge}

  curl -s {edge}/v1/products/oak-tumbler
  kubectl --context {context} -n shop get pods
  kubectl --context {context} -n shop logs -l app=orders -c program
  make kind        # again, after a change; the cluster is kept
  make kind-down"""


def deploy_to_kind(pytest: list[str]) -> None:
    """Raises KubeError and ImageError."""
    require("docker", "kind", "helm", "kubectl")
    take(_steps(Charts.find(), pytest))
    print(NEXT.format(edge=edge(), context=_context().name))


def end_kind() -> None:
    """Raises KubeError."""
    require("docker", "kind")
    run(("kind", "delete", "cluster", "--name", _name()), shown=True)


def edge() -> str:
    """Where kind's node has the edge on this machine, by kind.yaml."""
    (node,) = yaml.safe_load(CONFIG.read_text())["nodes"]
    (port,) = node["extraPortMappings"]
    return f"http://{port['listenAddress']}:{port['hostPort']}"


def _name() -> str:
    return str(yaml.safe_load(CONFIG.read_text())["name"])


def _context() -> Context:
    return Context(f"kind-{_name()}")


def _steps(charts: Charts, pytest: list[str]) -> Iterator[Step]:
    cluster = _context()
    is_there = _name() in run(("kind", "get", "clusters")).split()
    if not is_there:
        create = ("kind", "create", "cluster", "--config", str(CONFIG), "--wait", "180s")
        yield "create the cluster", lambda: run(create, shown=True)
    yield from install_istio(cluster, charts)
    yield "build the images", _build
    images = [local_tag(name) for name in (*IMAGES, *TESTED)]
    load = ("kind", "load", "docker-image", "--name", _name(), *images)
    yield "load the images", lambda: run(load, shown=True)
    yield from install_shop(cluster, shop("--values", str(VALUES)), renew=is_there)
    yield from run_tests(cluster, {"EDGE": edge()}, pytest)


def _build() -> None:
    engine = Engine("docker")
    build_images(engine)
    build_tested(engine)
