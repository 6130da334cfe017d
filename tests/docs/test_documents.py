"""What the documents show is run: commands in order on a real mesh, links followed, tables compared with the code."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from loopmesh.cli.main import COMMANDS
from loopmesh.policies.document import API_VERSIONS

REPOSITORY = Path(__file__).parents[2]
DOCUMENTS = (
    *("README.md", "ARCHITECTURE.md", "RATIONALE.md", "CHANGELOG.md", "CONTRIBUTING.md"),
    "docs/policies/README.md",
)
README = (REPOSITORY / "README.md").read_text()
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")
DENIED = 7


def console_commands() -> Iterator[tuple[str, list[str]]]:
    """Each command of the README with the lines it shows as its output."""
    for block in CONSOLE.findall(README):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *output = part.strip().splitlines()
            yield command, output


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what a clone holds, so that the default state folder is nobody else's."""
    files = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, check=True)
    for name in files.stdout.split("\0"):
        if name and (REPOSITORY / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, tmp_path / name)
    return tmp_path


def run(command: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """As a shell would: the README is written for one."""
    argv = ["bash", "-c", command]
    return subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True, timeout=90, check=False)


@pytest.mark.timeout(180)
def test_the_commands_of_the_readme_do_what_it_says_in_their_order(checkout: Path) -> None:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    port = "8080"
    try:
        for command, output in console_commands():
            # A machine that tests may have something on 8080.
            wanted = command.replace("up --detach", "up --detach --edge-port 0").replace("8080", port)
            result = run(wanted, checkout, environment)
            said = result.stdout + result.stderr
            assert result.returncode == (DENIED if "denied" in "".join(output) else 0), f"{wanted}\n{said}"
            for line in output:
                assert line in said
            if found := re.search(r"edge http: http://127\.0\.0\.1:(\d+)", said):
                port = found.group(1)
    finally:
        run("mesh down", checkout, environment)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_somewhere(document: str) -> None:
    targets = LINK.findall((REPOSITORY / document).read_text())
    assert [target for target in targets if not (REPOSITORY / document).parent.joinpath(target).exists()] == []


def test_every_command_is_in_the_changelog_and_every_kind_in_the_readme() -> None:
    changelog = (REPOSITORY / "CHANGELOG.md").read_text()
    assert [name for name in COMMANDS if f"`{name}`" not in changelog and f"mesh {name}" not in changelog] == []
    assert [kind for kind in API_VERSIONS if not re.search(rf"^\| \[?{kind}\b", README, re.MULTILINE)] == []


def test_the_example_values_of_the_readme_are_those_of_the_example() -> None:
    import yaml

    (block,) = re.findall(r"^```yaml\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    shown = yaml.safe_load(block)
    example = yaml.safe_load((REPOSITORY / "tests/e2e/foreign/values.yaml").read_text())
    for service in example["services"].values():
        service.pop("env", None)
    assert shown == example


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_every_make_target_named_exists(document: str) -> None:
    named = set(re.findall(r"make ([a-z-]+)", (REPOSITORY / document).read_text()))
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    assert named <= targets, named - targets
