"""Prometheus and its operator on a cluster of the tests, which take what the charts say with `monitoring.enabled`."""

from pathlib import Path

from tools.chart.go_tools import build_monitoring
from tools.chart.schemas import operator_kinds
from tools.images.building import local_tag
from tools.images.engine import ROOT, Engine
from tools.kube.cluster import Cluster, KubeError, ask

IMAGE = "monitoring"
FILES = Path(__file__).parent
PROGRAMS = ROOT / ".tools" / "monitoring"


def build(engine: Engine, *flags: str) -> None:
    """Their image. Raises KubeError and ImageError."""
    for built in build_monitoring(f"{PROGRAMS}/"):
        if built.returncode:
            raise KubeError(f"Prometheus and its operator are not built:\n{built.stderr}")
    engine.build(local_tag(IMAGE), FILES / "monitoring.Containerfile", PROGRAMS, *flags)


def install(cluster: Cluster) -> None:
    """Returns when the operator is ready for whatever is installed then. Raises KubeError."""
    for kind in operator_kinds():
        # What the API server notes itself: the kinds are too long for the note that kubectl would make.
        ask(cluster, "apply", "--server-side", "-f", "-", stdin=kind.read_text())
    ask(cluster, "wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
    manifests = (FILES / "monitoring.yaml").read_text()
    ask(cluster, "apply", "-f", "-", stdin=manifests.replace("IMAGE", local_tag(IMAGE)))
    ask(cluster, "-n", "monitoring", "rollout", "status", "deployment/operator", "--timeout=120s", shown=True)
