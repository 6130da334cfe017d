"""What commands take: text, names of files of any bytes, and standard input."""

import subprocess
from pathlib import Path

import pytest

from loopmesh.cli.arguments import TextCommand
from loopmesh.cli.main import COMMANDS, mesh
from loopmesh.testing.mesh_process import MESH
from tests.cli.invoking import failing, invoke

REPOSITORY = Path(__file__).parents[2]
VALUES = REPOSITORY / "helm/shop/values.yaml"
POLICY = REPOSITORY / "istio/wallet/virtualservice.yaml"
BYTE = "\udcff"
"""As Python tells a program of the byte 0xff on its command line."""
NO_TEXT = {
    "a service": ["shift", BYTE, "v1=1"],
    "one of several": ["shift", "wallet", "v1=1", f"{BYTE}=1"],
    "a name": ["delete", "VirtualService", BYTE],
    "an option": ["explain", "--trace", BYTE],
    "a file to write": ["fault", "wallet", "--abort", "503", "-o", BYTE],
    "a folder": ["status", "--state", BYTE],
}


def run(*arguments: object, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([MESH, *map(str, arguments)], input=stdin, capture_output=True, check=False)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_refuses_what_is_no_text(name: str) -> None:
    assert isinstance(mesh.get_command(mesh.make_context("mesh", [name]), name), TextCommand)


@pytest.mark.parametrize("arguments", NO_TEXT.values(), ids=NO_TEXT)
def test_what_is_no_text_is_wrong_use_and_shown_with_its_bytes(arguments: list[str]) -> None:
    said = failing(*arguments, code=2)
    assert "Invalid value for " in said
    assert "\\xff" in said
    assert "is no UTF-8 text; write it as UTF-8" in said


@pytest.mark.parametrize(
    "arguments",
    [["validate", ""], ["apply", "-f", ""], ["status", "--state", ""], ["shift", "wallet", "v1=1", "-o", ""]],
    ids=str,
)
def test_an_empty_name_is_not_the_folder_the_command_runs_in(arguments: list[str]) -> None:
    assert "the name is empty; write the name of a file or folder, . for this one" in failing(*arguments, code=2)


def test_a_file_s_name_may_be_any_bytes(tmp_path: Path) -> None:
    file = tmp_path / f"{BYTE}.yaml"
    file.write_bytes(POLICY.read_bytes())
    assert invoke("validate", file, "--values", VALUES).stdout == "1 policy is valid\n"
    missing = tmp_path / BYTE
    assert f"{tmp_path}/\\xff: it cannot be read: " in failing("validate", missing, "--values", VALUES)
    assert f"{tmp_path}/\\xff: there is no such values file" in failing("validate", POLICY, "--values", missing)


def test_policies_and_values_come_from_standard_input() -> None:
    policies = run("validate", "-", "--values", VALUES, stdin=POLICY.read_bytes())
    assert policies.stdout == b"1 policy is valid\n", policies.stderr
    values = run("validate", POLICY, "--values", "-", stdin=VALUES.read_bytes())
    assert values.stdout == b"1 policy is valid\n", values.stderr
    broken = run("validate", "-", "--values", VALUES, stdin=b"kind: [")
    assert broken.stderr.startswith(b"/dev/stdin:2: YAML: ")


def test_standard_input_is_read_for_one_thing() -> None:
    said = failing("validate", "-", "--values", "-", code=2)
    assert "Invalid value for 'PATHS...': standard input can be read once, and is read for '--values'" in said


@pytest.mark.parametrize("option", ["--values", "--policies"])
def test_a_detached_mesh_has_no_standard_input(option: str) -> None:
    said = failing("up", "--detach", option, "-", code=2)
    assert f"{option} /dev/stdin: a detached mesh has no such input; name a file or folder" in said
