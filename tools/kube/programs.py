"""The programs a cluster of one's own needs, and where each comes from."""

import shutil

from tools.images.engine import works
from tools.kube.cluster import KubeError

SOURCES = {
    "docker": "install Docker Engine (Debian and Ubuntu: `apt-get install docker.io`)",
    "kind": "install it (`go install sigs.k8s.io/kind@v0.33.0`, or kind.sigs.k8s.io, Installation)",
    "helm": "install it (`go install helm.sh/helm/v3/cmd/helm@v3.22.0`, or helm.sh, Installing Helm)",
    "kubectl": "install it (kubernetes.io, Install Tools)",
}


def require(*names: str) -> None:
    """All that is missing in one answer, a line each. Raises KubeError."""
    missing = [f"{name} is not on PATH: {SOURCES[name]}" for name in names if shutil.which(name) is None]
    if "docker" in names and not missing and not works("docker"):
        missing = ["Docker's daemon does not answer: start it (`systemctl start docker`), or say DOCKER_HOST"]
    if missing:
        raise KubeError("\n".join(missing))
