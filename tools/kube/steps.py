"""What every cluster goes through once it is there, in this order. Each step says how long it took."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from tools.images.engine import ROOT
from tools.kube import istio
from tools.kube.applications import TESTED, Release, tested
from tools.kube.cluster import Cluster

Step = tuple[str, Callable[[], object]]


def take(steps: Iterable[Step]) -> None:
    """One after the other. Raises KubeError and ImageError."""
    for name, step in steps:
        print(f"== {name}", flush=True)
        begun = time.monotonic()
        step()
        print(f"   {time.monotonic() - begun:.0f} s", flush=True)


def install_istio(cluster: Cluster, charts: istio.Charts, own: Path | None = None) -> Iterator[Step]:
    yield "install Istio", lambda: istio.install(cluster, charts, own)


def install_shop(cluster: Cluster, shop: Release, *, renew: bool = False) -> Iterator[Step]:
    """With `renew` what ran already is restarted: its images may be others under the same name."""
    yield "install the shop", lambda: shop.install(cluster)
    if renew:
        yield "restart the shop", lambda: shop.restart(cluster)
    yield "wait for every workload of the shop", lambda: shop.wait(cluster)
    yield "helm test", lambda: shop.test(cluster)


def run_tests(cluster: Cluster, environment: Mapping[str, str], pytest: Sequence[str]) -> Iterator[Step]:
    """The end-to-end tests; `environment` says how they reach what the cluster runs."""
    for application in map(tested, TESTED):
        yield f"install {application.namespace}, of the tests", partial(application.install, cluster)
        yield "wait for every workload of it", partial(application.wait, cluster)
    yield "run the tests", lambda: _test(cluster, environment, pytest)


def _test(cluster: Cluster, environment: Mapping[str, str], pytest: Sequence[str]) -> None:
    reach = {"KUBECTL": " ".join(cluster.kubectl), "HELM": " ".join(cluster.helm), **environment}
    told = [f"{name}={value}" for name, value in reach.items()]
    words = (str(ROOT / ".venv" / "bin" / "pytest"), "--target", "kube", "tests/e2e", *pytest)
    cluster.run("env", "-C", str(ROOT), *told, *words, shown=True)
