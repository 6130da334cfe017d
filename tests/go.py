"""Tests that need Go: skipped without it, and failed where nothing may be skipped."""

import os
import shutil

import pytest


def require_go() -> None:
    if shutil.which("go") is None:
        said = "Istio's generator and the charts' judges are built with Go, and there is no `go` on PATH"
        if os.environ.get("CI") == "true":
            pytest.fail(said)
        pytest.skip(said)
