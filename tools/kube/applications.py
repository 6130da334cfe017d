"""What is installed on a cluster: the shop, and two applications of the tests."""

from dataclasses import dataclass

from loopmesh.policies import read_application
from tools.images.building import local_tag
from tools.images.engine import ROOT, Engine
from tools.kube.cluster import Cluster, KubeError, ask, release

CHARTS = ROOT / "helm"
TESTS = ROOT / "tests" / "e2e"
TESTED = ("scripted", "foreign")
"""The applications of the tests: one that fails as it is told, and somebody else's."""
SETTINGS = {"scripted": [f"services.{name}.env.SCRIPT=/tmp/script" for name in ("backend", "caller")]}
"""What `mesh up` gives them from its own environment: where a pod keeps the scripts."""
ROLLOUT_S = 300


@dataclass(frozen=True, slots=True)
class Release:
    """A chart of helm/, installed in the namespace of its values under that name. `words` go to Helm."""

    chart: str
    namespace: str
    words: tuple[str, ...] = ()

    def install(self, cluster: Cluster) -> None:
        """Raises KubeError."""
        into = ("--namespace", self.namespace, "--create-namespace")
        release(cluster, "upgrade", "--install", self.namespace, str(CHARTS / self.chart), *into, *self.words)

    def restart(self, cluster: Cluster) -> None:
        """Raises KubeError."""
        for kind in ("deployments", "statefulsets"):
            ask(cluster, "-n", self.namespace, "rollout", "restart", kind)

    def wait(self, cluster: Cluster) -> None:
        """Until every workload is as it should be; says which it waits for. Raises KubeError."""
        workloads = ask(cluster, "-n", self.namespace, "get", "deployments,statefulsets", "-o", "name").split()
        for workload in workloads:
            try:
                words = ("rollout", "status", workload, f"--timeout={ROLLOUT_S}s")
                ask(cluster, "-n", self.namespace, *words, shown=True)
            except KubeError as error:
                ask(cluster, "-n", self.namespace, "get", "pods", shown=True)
                ask(cluster, "-n", self.namespace, "get", "events", "--sort-by=.lastTimestamp", shown=True)
                raise KubeError(f"{workload} in {self.namespace} does not become ready; see its pods above") from error

    def test(self, cluster: Cluster) -> None:
        """`helm test`. Raises KubeError."""
        release(cluster, "test", self.namespace, "--namespace", self.namespace)


def shop(*words: str) -> Release:
    return Release("shop", read_application(CHARTS / "shop" / "values.yaml").namespace, words)


def tested(name: str) -> Release:
    """An application of the tests with its policies, by its folder."""
    folder = TESTS / name
    repository, _, tag = local_tag(name).rpartition(":")
    values = (f"image.repository={repository}", f"image.tag={tag}", *SETTINGS.get(name, ()))
    policies = [f"policies.{file.stem}={file}" for file in sorted((folder / "policies").glob("*.yaml"))]
    words = ("--values", str(folder / "values.yaml"), "--set", ",".join(values), "--set-file", ",".join(policies))
    return Release("application", read_application(folder / "values.yaml").namespace, words)


def build_tested(engine: Engine, *flags: str) -> None:
    """Their images. Raises ImageError."""
    for name in TESTED:
        engine.build(local_tag(name), TESTS / "Containerfile", TESTS / name, *flags)
