"""What the documents show is run: commands in order on a real mesh, links followed, tables compared with the code."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from loopmesh.cli.main import COMMANDS
from loopmesh.policies.document import API_VERSIONS
from tests.docs.console import run_console

REPOSITORY = Path(__file__).parents[2]
DOCUMENTS = (
    *("README.md", "ARCHITECTURE.md", "RATIONALE.md", "CHANGELOG.md", "CONTRIBUTING.md"),
    "docs/policies/README.md",
    *(f"docs/guides/{path.name}" for path in sorted((REPOSITORY / "docs" / "guides").glob("*.md"))),
)
README = (REPOSITORY / "README.md").read_text()
LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what a clone holds, so that the default state folder is nobody else's."""
    files = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, check=True)
    for name in files.stdout.split("\0"):
        if name and (REPOSITORY / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, tmp_path / name)
    return tmp_path


def test_the_commands_of_the_readme_do_what_it_says_in_their_order(checkout: Path) -> None:
    run_console(README, checkout)


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


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_named_exists(document: str) -> None:
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", (REPOSITORY / document).read_text(), re.MULTILINE))
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    assert named <= targets, named - targets
