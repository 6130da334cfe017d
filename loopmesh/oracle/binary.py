"""Istio's generator as a program: built from the Go module beside this file, once for each version of it and of Go."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from loopmesh.oracle.errors import OracleError

SOURCES = Path(__file__).with_name("istio")
NAME = "istio-generator"
NO_GO = "Istio's generator is built with Go 1.26 or newer, and there is no `go` on PATH; install it"
COST = "building Istio's generator, once: about 3 minutes on two cores, and 1 GB of modules if Go has none of them yet"

Report = Callable[[str], None]


def prepare_generator(environment: Mapping[str, str], report: Report) -> Path:
    """The binary, built if the user's cache folder does not hold it; says what that costs before it starts.

    Raises OracleError without Go, or when the build fails.
    """
    go = shutil.which("go", path=environment.get("PATH"))
    if go is None:
        raise OracleError(NO_GO)
    binary = _cache_folder(environment) / _key(_version(go)) / NAME
    if not binary.exists():
        report(COST)
        _build(Path(go), binary, environment)
    return binary


def _cache_folder(environment: Mapping[str, str]) -> Path:
    """As the XDG base directory specification says."""
    chosen = environment.get("XDG_CACHE_HOME")
    return (Path(chosen) if chosen else Path.home() / ".cache") / "loopmesh"


def _version(go: str) -> str:
    return subprocess.run([go, "env", "GOVERSION"], cwd=SOURCES, capture_output=True, text=True, check=False).stdout


def _key(go_version: str) -> str:
    """The same for the same sources and the same Go."""
    digest = hashlib.blake2b(go_version.encode(), digest_size=8)
    for path in sorted(SOURCES.glob("*")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _build(go: Path, binary: Path, environment: Mapping[str, str]) -> None:
    """Beside its place first: whoever builds at the same time replaces a whole binary by the same one."""
    try:
        binary.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OracleError(f"cannot write to {binary.parent} ({error.strerror}); set XDG_CACHE_HOME") from error
    draft = binary.with_name(f"{NAME}.{os.getpid()}")
    # -trimpath and stripped: the same bytes whoever builds, and half the size.
    command = [str(go), "build", "-trimpath", "-ldflags=-s -w", "-o", str(draft), "."]
    result = subprocess.run(command, cwd=SOURCES, env=dict(environment), capture_output=True, text=True, check=False)
    if result.returncode != 0:
        draft.unlink(missing_ok=True)
        raise OracleError(f"Istio's generator does not build: {_last_line(result.stderr)}")
    draft.replace(binary)


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2] or "go said nothing"
