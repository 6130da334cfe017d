"""Images for a cluster that reaches no registry: bases from Debian's packages, then ours, all by buildah."""

import os
import subprocess
from pathlib import Path

from tools.images.__main__ import ROOT
from tools.images.__main__ import main as build_images
from tools.kube.node import KubeError, Node

DEBIAN, PYTHON = "docker.io/library/debian:bookworm-slim", "docker.io/library/python:3.11-slim-bookworm"
"""As the Containerfiles name them."""
SCRIPTED = "localhost/loopmesh/scripted:0.1.0"
OURS = ("localhost/loopmesh/services:0.1.0", "localhost/loopmesh/postgresql:0.1.0", SCRIPTED)
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
BUILD_FLAGS = ("--network", "host", "--pull-never", "--volume", f"{CERTIFICATES}:{CERTIFICATES}:ro")
INSTALL_PYTHON = (
    "apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends python3-venv "
    "python3-pip && ln -sf python3 /usr/bin/python && rm -rf /var/lib/apt/lists/*"
)


def build(node: Node) -> None:
    """Raises KubeError."""
    os.environ.setdefault("BUILDAH_ISOLATION", "chroot")
    if not (_exists(DEBIAN) and _exists(PYTHON)):
        _make_bases(node.state / "rootfs" / "debian")
    if build_images(list(BUILD_FLAGS)):
        raise KubeError("the images could not be built")
    file = ROOT / "tests" / "e2e" / "scripted" / "Containerfile"
    _buildah("build", "--timestamp", "0", *BUILD_FLAGS, "--file", str(file), "--tag", SCRIPTED, str(file.parent))


def load(node: Node, folder: Path) -> None:
    """Into the node's own store. Raises KubeError."""
    for image in OURS:
        archive = folder / f"{image.rpartition('/')[2].partition(':')[0]}.tar"
        _buildah("push", "--quiet", image, f"oci-archive:{archive}")
        node.script("load-image", image, str(archive))
        archive.unlink()


def _exists(image: str) -> bool:
    return (
        subprocess.run(["buildah", "inspect", "--type", "image", image], capture_output=True, check=False).returncode
        == 0
    )


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
    answer = subprocess.run(["buildah", *words], capture_output=True, text=True, check=False)
    if answer.returncode:
        raise KubeError(f"buildah {' '.join(words[:3])} … failed\n{answer.stderr[-3000:]}")
    return answer.stdout
