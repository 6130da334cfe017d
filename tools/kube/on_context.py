"""`make deploy CONTEXT=… IMAGE_REPOSITORY=…`: the shop on any cluster with Istio, by images of this commit."""

import argparse
from collections.abc import Iterator, Sequence

from tools.images.building import IMAGES, build_images, local_tag, revision
from tools.images.engine import ROOT, Engine, find_engine
from tools.kube.applications import Release, shop
from tools.kube.cluster import Context, KubeError, check_ready, contexts, run
from tools.kube.injection import check_injection
from tools.kube.istio import Charts, differing_settings, is_installed
from tools.kube.mesh_policies import CLUSTER, choose
from tools.kube.programs import complaints_of, find_missing, require
from tools.kube.steps import Step, install_istio, install_shop, take


def deploy_to_context(arguments: argparse.Namespace, build: Sequence[str]) -> None:
    """`build` are flags of the engine. Raises KubeError and ImageError."""
    finds = (find_engine, Charts.find) if arguments.install_istio else (find_engine,)
    require([*find_missing("git", "helm", "kubectl"), *(line for find in finds for line in complaints_of(find))])
    engine = find_engine()
    cluster = Context(arguments.context)
    _check(cluster, images=arguments.images, install=arguments.install_istio)
    release = _release(cluster, arguments)
    charts = Charts.find() if arguments.install_istio else None
    if charts:
        take(install_istio(cluster, charts))
    take(_build(engine, build, arguments.images))
    take(install_shop(cluster, release))
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
    if not install:
        check_injection(cluster, shop().namespace)
    if run(("git", "-C", str(ROOT), "status", "--porcelain")).strip():
        raise KubeError("there are changes that are not committed: images are named by their commit, so commit first")


def _unsaid(cluster: Context, images: str) -> Iterator[str]:
    known = contexts()
    if cluster.name not in known:
        there = f"known: {', '.join(known)}" if known else "your kubeconfig has none"
        yield f"there is no context {cluster.name!r}; {there}. Say `make deploy CONTEXT=NAME`"
    if not images:
        yield "say IMAGE_REPOSITORY=…: where this machine sends images, and the cluster takes them from"


def _release(cluster: Context, arguments: argparse.Namespace) -> Release:
    """The values of the cluster, then the images. Raises KubeError."""
    tag = revision()
    settings = {
        "image.repository": f"{arguments.images}/services",
        "image.tag": tag,
        "postgresql.image": f"{arguments.images}/postgresql:{tag}",
    }
    if choose(cluster, shop().namespace, arguments.mesh_policies) == CLUSTER:
        settings["meshPolicies"] = "false"
    words = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    return shop(*(word for file in arguments.values for word in ("--values", file)), *words)


def _build(engine: Engine, flags: Sequence[str], repository: str) -> Iterator[Step]:
    yield "build the images", lambda: build_images(engine, *flags)
    yield "send the images", lambda: _publish(engine, repository)


def _publish(engine: Engine, repository: str) -> None:
    for name in IMAGES:
        engine.publish(local_tag(name), f"{repository}/{name}:{revision()}")
