"""What is installed on a cluster: the shop, and the scripted application that some tests drive."""

from dataclasses import dataclass

from loopmesh.policies import read_application
from tools.images.building import local_tag
from tools.images.engine import ROOT, Engine
from tools.kube.cluster import Cluster, KubeError, ask, release

CHARTS = ROOT / "helm"
SCRIPTED = ROOT / "tests" / "e2e" / "scripted"
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


def scripted() -> Release:
    """Its instances read their scripts from a folder of their own pod."""
    namespace = read_application(SCRIPTED / "values.yaml").namespace
    repository, _, tag = local_tag("scripted").rpartition(":")
    image = ("--set", f"image.repository={repository}", "--set", f"image.tag={tag}")
    scripts = [word for name in ("backend", "caller") for word in ("--set", f"services.{name}.env.SCRIPT=/tmp/script")]
    return Release("application", namespace, ("--values", str(SCRIPTED / "values.yaml"), *image, *scripts))


def apply_scripted_policies(cluster: Cluster) -> None:
    """Raises KubeError."""
    for policy in sorted((SCRIPTED / "policies").glob("*.yaml")):
        ask(cluster, "apply", "-f", "-", stdin=policy.read_text())


def build_scripted(engine: Engine, *flags: str) -> None:
    """Raises ImageError."""
    engine.build(local_tag("scripted"), SCRIPTED / "Containerfile", SCRIPTED, *flags)
