"""Lays out the third-party contracts ours import, in a folder git ignores, from what the environment has installed."""

import shutil
from pathlib import Path

import google.api

from tools.proto.validate_source import validate_source

INCLUDE = Path(".tools/proto-include")
"""Named in `buf.yaml` as a module beside ours."""
GOOGLE_FILES = ("google/api/annotations.proto", "google/api/http.proto")


def prepare_include(folder: Path = INCLUDE) -> Path:
    """Writes `google/api` and `buf/validate` below `folder`; returns it."""
    installed = Path(next(iter(google.api.__path__))).parents[1]
    for name in GOOGLE_FILES:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(installed / name, target)
    validate = folder / "buf/validate/validate.proto"
    validate.parent.mkdir(parents=True, exist_ok=True)
    validate.write_text(validate_source())
    return folder
