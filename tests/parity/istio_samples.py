"""The policies among Istio's own samples, read from the Go module the generator is built from."""

import shutil
import subprocess
from pathlib import Path

import yaml

from loopmesh.oracle.binary import SOURCES

API_GROUPS = ("networking.istio.io/", "security.istio.io/", "telemetry.istio.io/", "extensions.istio.io/")
# Routes to subsets say nothing without the rules that define them, routes of a gateway nothing without it.
COMPANIONS = {
    "bookinfo/networking": ("destination-rule-all.yaml", "bookinfo-gateway.yaml"),
    "tcp-echo": ("tcp-echo-all-v1.yaml",),
}


def sample_files() -> list[str]:
    """Paths below `samples/` of every file that holds a policy; none without Go."""
    folder = samples_folder()
    found = sorted(folder.rglob("*.yaml")) if folder else []
    return [str(path.relative_to(folder)) for path in found if folder and _policies(path)]


def samples_folder() -> Path | None:
    go = shutil.which("go")
    if go is None:
        return None
    command = [go, "list", "-m", "-f", "{{.Dir}}", "istio.io/istio"]
    found = subprocess.run(command, cwd=SOURCES, capture_output=True, text=True, check=True).stdout.strip()
    return Path(found) / "samples" if found else None


def sample_policies(name: str) -> list[tuple[str, str]]:
    """The file's policies, and before them those of its companions it does not replace."""
    folder = samples_folder()
    assert folder is not None
    own = _policies(folder / name)
    known = {_identity(one) for one in own}
    path = Path(name)
    files = []
    for companion in COMPANIONS.get(str(path.parent), ()):
        others = [one for one in _policies(folder / path.parent / companion) if _identity(one) not in known]
        known |= {_identity(one) for one in others}
        files.append((companion, yaml.safe_dump_all(others)))
    return [*files, (name, yaml.safe_dump_all(own))]


def _policies(path: Path) -> list[dict[str, object]]:
    """What is no policy (Deployments, templates of charts) is left out."""
    try:
        documents = list(yaml.safe_load_all(path.read_text()))
    except yaml.YAMLError:
        return []
    return [one for one in documents if isinstance(one, dict) and str(one.get("apiVersion", "")).startswith(API_GROUPS)]


def _identity(policy: dict[str, object]) -> tuple[object, object]:
    metadata = policy["metadata"]
    return policy["kind"], metadata["name"] if isinstance(metadata, dict) else ""
