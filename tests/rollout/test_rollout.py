"""A new version takes over by commits: what each changes, what it leaves, and the way back."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
NEW_VERSION = "      v3: {replicas: 1}\n"


@dataclass(frozen=True, slots=True)
class Checkout:
    folder: Path

    def git(self, *words: str) -> str:
        identity = ("-c", "user.name=A", "-c", "user.email=a@example.com")
        done = subprocess.run(["git", *identity, *words], cwd=self.folder, capture_output=True, text=True, check=True)
        return done.stdout

    def rollout(self, direction: str, service: str = "catalog", version: str = "v2") -> tuple[int, str]:
        argv = [sys.executable, "-m", "tools.rollout", direction, service, version]
        done = subprocess.run(argv, cwd=self.folder, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def shares(self) -> set[tuple[tuple[str | None, int | None], ...]]:
        """Of the routes without a chosen version, at the edge and in the mesh."""
        return {
            tuple((one["destination"].get("subset"), one.get("weight")) for one in route["route"])
            for file in ("edge", "catalog")
            for route in self.read(f"istio/{file}/virtualservice.yaml")["spec"]["http"]
            if route["name"] in ("catalog", "canary")
        }

    def read(self, file: str) -> dict[str, Any]:
        document: dict[str, Any] = yaml.safe_load((self.folder / file).read_text())
        return document

    def texts(self) -> dict[str, str]:
        return {str(path): path.read_text() for path in sorted((self.folder / "istio").rglob("*.yaml"))}


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """A repository of its own with the shop's policies and values."""
    for name in ("GIT_AUTHOR", "GIT_COMMITTER"):
        monkeypatch.setenv(f"{name}_NAME", "A")
        monkeypatch.setenv(f"{name}_EMAIL", "a@example.com")
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    shutil.copytree(REPOSITORY / "istio", tmp_path / "istio")
    (tmp_path / "helm" / "shop").mkdir(parents=True)
    shutil.copy(REPOSITORY / "helm" / "shop" / "values.yaml", tmp_path / "helm" / "shop")
    found = Checkout(tmp_path)
    found.git("init", "--quiet")
    found.git("add", ".")
    found.git("commit", "--quiet", "--message", "Start")
    return found


def test_each_step_gives_the_version_more_of_the_calls_until_it_has_all(checkout: Checkout) -> None:
    assert checkout.shares() == {(("v1", 90), ("v2", 10))}
    for expected in ((("v1", 75), ("v2", 25)), (("v1", 50), ("v2", 50)), (("v1", 0), ("v2", 100))):
        code, said = checkout.rollout("next")
        assert code == 0, said
        assert checkout.shares() == {expected}
    assert checkout.rollout("next") == (1, "all calls of catalog reach v2 already\n")


def test_a_step_is_a_commit_of_the_weights_and_nothing_else(checkout: Checkout) -> None:
    checkout.rollout("next")
    changed = [line for line in checkout.git("show", "--format=").splitlines() if line[:1] in "+-" and line[1:2] == " "]
    assert [line.strip("+- ") for line in changed] == ["weight: 90", "weight: 75", "weight: 10", "weight: 25"] * 2
    assert checkout.git("status", "--porcelain") == ""
    assert "Rollout: catalog v2" in checkout.git("log", "-1", "--format=%B")


def test_all_steps_are_taken_back_by_one_command(checkout: Checkout) -> None:
    before = checkout.texts()
    for _ in range(3):
        checkout.rollout("next")
    code, said = checkout.rollout("back")
    assert code == 0, said
    assert checkout.texts() == before
    assert checkout.rollout("back") == (1, "no step of catalog to v2 is to be taken back\n")


def test_after_the_way_back_a_rollout_begins_anew(checkout: Checkout) -> None:
    for direction in ("next", "next", "back", "next"):
        assert checkout.rollout(direction)[0] == 0
    assert checkout.shares() == {(("v1", 75), ("v2", 25))}
    checkout.rollout("back")
    assert checkout.shares() == {(("v1", 90), ("v2", 10))}


def test_a_version_becomes_a_destination_before_it_gets_calls_and_stays_one_on_the_way_back(checkout: Checkout) -> None:
    values = checkout.folder / "helm" / "shop" / "values.yaml"
    text = values.read_text().replace("      v2: {replicas: 1, env: {RANKING: relevance}}\n", NEW_VERSION)
    values.write_text(text)
    for file in ("edge", "catalog"):
        path = checkout.folder / "istio" / file / "virtualservice.yaml"
        path.write_text(open_to_every_version(path.read_text()))
    rule = checkout.folder / "istio" / "catalog" / "destinationrule.yaml"
    rule.write_text(rule.read_text().replace("  - name: v2\n    labels: {version: v2}\n", ""))
    checkout.git("commit", "--quiet", "--all", "--message", "v3 is there")

    assert "without calls yet" in checkout.rollout("next", version="v3")[1]
    assert checkout.git("show", "--stat", "--format=").count("|") == 1
    assert checkout.read("istio/catalog/destinationrule.yaml")["spec"]["subsets"][1] == {
        "name": "v3",
        "labels": {"version": "v3"},
    }
    checkout.rollout("next", version="v3")
    assert checkout.shares() == {(("v1", 90), ("v3", 10))}
    checkout.rollout("back", version="v3")
    assert checkout.shares() == {((None, None),)}
    assert len(checkout.read("istio/catalog/destinationrule.yaml")["spec"]["subsets"]) == 2


def open_to_every_version(text: str) -> str:
    document = yaml.safe_load(text)
    routes = [route for route in document["spec"]["http"] if "preview" not in route["name"]]
    for route in routes:
        host = route["route"][0]["destination"]["host"]
        route["route"] = [{"destination": {"host": host}}]
    return yaml.safe_dump({**document, "spec": {**document["spec"], "http": routes}})


@pytest.mark.parametrize(
    ("service", "version", "said"),
    [
        ("catalogue", "v2", "there is no service 'catalogue'; known: catalog, "),
        ("catalog", "v9", "catalog has no version 'v9' in helm/shop/values.yaml: add it first; known: v1, v2"),
        ("", "", "say which: SERVICE=catalog TO=v2"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(checkout: Checkout, service: str, version: str, said: str) -> None:
    code, output = checkout.rollout("next", service, version)
    assert code == 1
    assert said in output
    assert "Traceback" not in output


def test_a_rollout_does_not_mix_with_other_changes(checkout: Checkout) -> None:
    path = checkout.folder / "istio" / "edge" / "gateway.yaml"
    path.write_text(f"# More.\n{path.read_text()}")
    assert "commit or stash" in checkout.rollout("next")[1]
    assert checkout.git("log", "--format=%s") == "Start\n"
