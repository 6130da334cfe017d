"""Where what commands say goes: terminals, pipes, full disks."""

import os
import subprocess
from pathlib import Path

import pytest

from loopmesh.admin.v1 import admin_pb2
from loopmesh.model.problem import Origin, Problem
from loopmesh.testing.mesh_process import MESH
from tests.cli.invoking import failing
from tests.cli.scripted_mesh import ScriptedMesh, running

REPOSITORY = Path(__file__).parents[2]
SHOP = ("--values", str(REPOSITORY / "helm/shop/values.yaml"))
COMMANDS = ((), ("--json",))


@pytest.mark.parametrize("more", COMMANDS)
def test_a_reader_that_has_seen_enough_is_no_failure(tmp_path: Path, more: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with running(ScriptedMesh(), tmp_path) as state:
        command = [str(MESH), "status", "--state", str(state), *more]
        result = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (result.returncode, result.stderr) == (0, b"")


@pytest.mark.parametrize("more", COMMANDS)
def test_an_answer_that_cannot_be_written_is_told_in_a_line(tmp_path: Path, more: tuple[str, ...]) -> None:
    with running(ScriptedMesh(), tmp_path) as state, Path("/dev/full").open("w") as full:
        command = [str(MESH), "status", "--state", str(state), *more]
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr == "mesh: what the command says cannot be written: No space left on device\n"


def test_what_a_terminal_has_no_character_for_is_spelled_out(tmp_path: Path) -> None:
    field = admin_pb2.FieldDifference(path="spec.timeout", before="1s", after="2s")
    changed = admin_pb2.PolicyDifference(policy="VirtualService shop/wallet", change="changed", fields=[field])
    with running(ScriptedMesh(Diff=admin_pb2.DiffResponse(policies=[changed])), tmp_path) as state:
        result = subprocess.run(
            [str(MESH), "diff", "-f", str(REPOSITORY / "istio/wallet/virtualservice.yaml"), "--state", str(state)],
            env={**os.environ, "PYTHONIOENCODING": "latin-1"},
            capture_output=True,
            check=False,
        )
    assert b"spec.timeout: 1s \\u2192 2s\n" in result.stdout


def test_what_would_change_the_terminal_is_spelled_out(tmp_path: Path) -> None:
    said = Problem(origin=Origin(file="x\x1b[2J", line=1), value="a\nb\u2028c é", rule="no", remedy="…")
    assert str(said) == r"x\x1b[2J:1: a\nb\u2028c é: no; …"
    policy = tmp_path / "policy.yaml"
    policy.write_text('apiVersion: v1\nkind: "\\e[31mNothing"\n')
    assert "\x1b" not in failing("validate", policy, *SHOP)
