"""`make deploy CONTEXT=… IMAGE_REPOSITORY=…`: the shop on any cluster with Istio, by images of this commit."""

import argparse
from collections.abc import Iterator

from tools.images.building import IMAGES, build_images, local_tag, revision
from tools.images.engine import ROOT, Engine, find_engine
from tools.kube.applications import shop
from tools.kube.cluster import Context, KubeError, check_ready, contexts, run
from tools.kube.istio import Charts, differing_settings, is_installed
from tools.kube.programs import find_missing, require
from tools.kube.steps import Step, install_istio, install_shop, take


def deploy_to_context(arguments: argparse.Namespace) -> None:
    """Raises KubeError and ImageError."""
    require(find_missing("git", "helm", "kubectl"))
    engine = find_engine()
    cluster = Context(arguments.context)
    _check(cluster, images=arguments.images, install=arguments.install_istio)
    take(_steps(engine, cluster, arguments, Charts.find() if arguments.install_istio else None))
    if differing := differing_settings(cluster):
        settings = ", ".join(differing)
        print(f"Its mesh config differs from istio/mesh/meshconfig.yaml in {settings}: `mesh up` may behave otherwise.")
    print(f"The shop runs: kubectl --context {cluster.name} -n shop port-forward service/edge 8080:80")


def _check(cluster: Context, *, images: str, install: bool) -> None:
    require(_unsaid(cluster, images))
    check_ready(cluster)
    if not install and not is_installed(cluster):
        raise KubeError(
            f"{cluster.name} has no Istio: install it, or say ARGS=--install-istio to have it installed by its charts "
            "with istio/install and istio/mesh/meshconfig.yaml"
        )
    if run(("git", "-C", str(ROOT), "status", "--porcelain")).strip():
        raise KubeError("there are changes that are not committed: images are named by their commit, so commit first")


def _unsaid(cluster: Context, images: str) -> Iterator[str]:
    known = contexts()
    if cluster.name not in known:
        there = f"known: {', '.join(known)}" if known else "your kubeconfig has none"
        yield f"there is no context {cluster.name!r}; {there}. Say `make deploy CONTEXT=NAME`"
    if not images:
        yield "say IMAGE_REPOSITORY=…: where this machine sends images, and the cluster takes them from"


def _steps(engine: Engine, cluster: Context, arguments: argparse.Namespace, charts: Charts | None) -> Iterator[Step]:
    if charts:
        yield from install_istio(cluster, charts)
    yield "build the images", lambda: build_images(engine)
    yield "send the images", lambda: _publish(engine, arguments.images)
    tag = revision()
    images = {
        "image.repository": f"{arguments.images}/services",
        "image.tag": tag,
        "postgresql.image": f"{arguments.images}/postgresql:{tag}",
    }
    words = [word for key, value in images.items() for word in ("--set", f"{key}={value}")]
    values = [word for file in arguments.values for word in ("--values", file)]
    yield from install_shop(cluster, shop(*values, *words))


def _publish(engine: Engine, repository: str) -> None:
    for name in IMAGES:
        engine.publish(local_tag(name), f"{repository}/{name}:{revision()}")
