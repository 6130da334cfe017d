"""Policies of Istio's own Go modules, read where the generator is built from them."""

import shutil
import subprocess
from pathlib import Path

import yaml

from loopmesh.oracle.binary import SOURCES

API_GROUPS = ("networking.istio.io/", "security.istio.io/", "telemetry.istio.io/", "extensions.istio.io/")
Policy = dict[str, object]


def module_folder(name: str) -> Path | None:
    """Where a module's source is; None without Go."""
    go = shutil.which("go")
    if go is None:
        return None
    command = [go, "list", "-m", "-f", "{{.Dir}}", name]
    found = subprocess.run(command, cwd=SOURCES, capture_output=True, text=True, check=True).stdout.strip()
    return Path(found) if found else None


def policies_of(text: str) -> list[Policy]:
    """What is no policy (Deployments, templates of charts) is left out."""
    try:
        documents = list(yaml.safe_load_all(text))
    except yaml.YAMLError:
        return []
    return [one for one in documents if isinstance(one, dict) and str(one.get("apiVersion", "")).startswith(API_GROUPS)]


def identity(policy: Policy) -> tuple[object, object]:
    metadata = policy["metadata"]
    return policy["kind"], metadata["name"] if isinstance(metadata, dict) else ""
