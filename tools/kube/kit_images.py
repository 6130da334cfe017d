"""Images for a cluster that reaches no registry: bases from Debian's packages, then ours, all by buildah."""

import os
import subprocess
import tempfile
from pathlib import Path

from tools.images.building import IMAGES, build_images, local_tag
from tools.images.engine import Engine
from tools.kube import monitoring
from tools.kube.applications import TESTED, build_tested
from tools.kube.cluster import KubeError, run
from tools.kube.kit import Kit

DEBIAN, PYTHON = "docker.io/library/debian:bookworm-slim", "docker.io/library/python:3.11-slim-bookworm"
"""Made here under the names the Containerfiles give them, without the digests these pin."""
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
BASES = ("--build-arg", f"PYTHON={PYTHON}", "--build-arg", f"DEBIAN={DEBIAN}")
BUILD_FLAGS = ("--network", "host", "--pull-never", "--volume", f"{CERTIFICATES}:{CERTIFICATES}:ro")
INSTALL_PYTHON = (
    "apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends python3-venv "
    "python3-pip && ln -sf python3 /usr/bin/python && rm -rf /var/lib/apt/lists/*"
)


def build(kit: Kit) -> None:
    """Raises KubeError and ImageError."""
    os.environ.setdefault("BUILDAH_ISOLATION", "chroot")
    if not (_exists(DEBIAN) and _exists(PYTHON)):
        _make_bases(kit.state / "rootfs" / "debian")
    engine = Engine("buildah")
    build_images(engine, *BUILD_FLAGS, *BASES)
    build_tested(engine, *BUILD_FLAGS)


def build_again() -> None:
    """What ships, from nothing: the same sources give the same layers. Raises KubeError and ImageError."""
    first = {name: _layers(name) for name in IMAGES}
    build_images(Engine("buildah"), *BUILD_FLAGS, *BASES, "--no-cache")
    for name, layers in first.items():
        if (again := _layers(name)) != layers:
            raise KubeError(f"{local_tag(name)} was {layers}, and built again from the same sources it is {again}")
        print(f"{local_tag(name)} has the same layers again")


def build_monitoring() -> None:
    """Raises KubeError and ImageError."""
    monitoring.build(Engine("buildah"), "--pull-never")


def _layers(name: str) -> str:
    return _buildah("inspect", "--type", "image", "--format", "{{.OCIv1.RootFS.DiffIDs}}", local_tag(name)).strip()


def load(kit: Kit) -> None:
    """Into the node's own store. Raises KubeError."""
    with tempfile.TemporaryDirectory() as folder:
        for name in (*IMAGES, *TESTED, monitoring.IMAGE):
            archive = Path(folder) / f"{name}.tar"
            _buildah("push", "--quiet", local_tag(name), f"oci-archive:{archive}")
            kit.script("load-image", local_tag(name), str(archive))
            archive.unlink()


def _exists(image: str) -> bool:
    question = ("buildah", "inspect", "--type", "image", image)
    return subprocess.run(question, capture_output=True, check=False).returncode == 0


def _make_bases(debian: Path) -> None:
    container = _buildah("from", "scratch").strip()
    try:
        _buildah("add", "--quiet", container, str(debian), "/")
        path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        _buildah("config", "--env", path, container)
        _buildah("commit", "--quiet", container, DEBIAN)
        _buildah("run", "--network", "host", container, "--", "sh", "-c", INSTALL_PYTHON)
        _buildah("commit", "--quiet", container, PYTHON)
    finally:
        _buildah("rm", container)


def _buildah(*words: str) -> str:
    return run(("buildah", *words))
