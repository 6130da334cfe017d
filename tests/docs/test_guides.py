"""Every file a guide shows is written where it says, and its tests are run as a reader would run them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.go import require_go

GUIDES = Path(__file__).parents[2] / "docs/guides"
FILE = re.compile(r"^`([\w./-]+)`:\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINES_OF_A_TEST = 10


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, content in FILE.findall((GUIDES / "testing-policies.md").read_text()):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        assert not file.exists(), f"{name} is shown twice"
        file.write_text(content)
    return tmp_path


@pytest.mark.timeout(900)
@pytest.mark.parametrize("control_plane", ["loopmesh", "istio"])
def test_the_tests_of_the_guide_pass_on_both_control_planes(project: Path, control_plane: str) -> None:
    if control_plane == "istio":
        require_go()
    count = sum(len(re.findall(r"^def test_", file.read_text(), re.MULTILINE)) for file in project.glob("test_*.py"))
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:asyncio", "--loopmesh-control-plane", control_plane]
    argv = [sys.executable, "-m", "pytest", *options]
    result = subprocess.run(argv, cwd=project, capture_output=True, text=True, timeout=800, check=False)
    assert f"{count} passed" in result.stdout, result.stdout + result.stderr


def test_no_test_of_the_guide_is_longer_than_it_promises(project: Path) -> None:
    for file in project.glob("test_*.py"):
        for test in re.findall(r"^def test_.*?(?=^\S|\Z)", file.read_text(), re.MULTILINE | re.DOTALL):
            assert len(test.strip().splitlines()) <= LINES_OF_A_TEST, test
