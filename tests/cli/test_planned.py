"""What `mesh shift` and `mesh fault` do to the file they keep their policies in."""

import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.errors import CommandError
from loopmesh.cli.kept_file import plan_file
from tests.cli.invoking import failing, invoke
from tests.cli.scripted_mesh import ScriptedMesh, running
from tests.unprivileged import unprivileged

ROUTES = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: wallet, namespace: shop}
spec:
  hosts: [wallet]
  http:
  - route:
    - destination: {host: wallet, subset: v1}
      weight: 60
    - destination: {host: wallet, subset: v2}
      weight: 40
"""
OTHER = """\
# Nobody else.
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: shop}
spec: {mtls: {mode: STRICT}}
"""
BEFORE = f"{OTHER}---\n# Canary.\n{ROUTES.replace('60', '90').replace('40', '10  # few')}"
AFTER = BEFORE.replace("90", "60").replace("10", "40")
SHIFT = ("shift", "wallet", "v1=60", "v2=40")
NAME = admin_pb2.PolicyName(kind="VirtualService", namespace="shop", name="wallet")


@pytest.fixture
def planned() -> admin_pb2.PlanShiftResponse:
    return admin_pb2.PlanShiftResponse(yaml=ROUTES, in_force=ROUTES.replace("60", "90").replace("40", "10"))


@pytest.fixture
def state(tmp_path: Path, planned: admin_pb2.PlanShiftResponse) -> Iterator[Path]:
    taken = admin_pb2.ApplyResponse(policies=["VirtualService shop/wallet"], acknowledged=2)
    with running(ScriptedMesh(PlanShift=planned, Apply=taken), tmp_path) as folder:
        yield folder


def test_other_policies_and_comments_of_the_file_stay(tmp_path: Path, state: Path) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(BEFORE)
    assert f"kept in {file};" in invoke(*SHIFT, "-o", file, "--state", state).stdout
    assert file.read_text() == AFTER


def test_the_mesh_is_told_of_the_written_policies_alone_at_their_lines(
    tmp_path: Path, planned: admin_pb2.PlanShiftResponse
) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(BEFORE)
    mesh = ScriptedMesh(PlanShift=planned, Apply=admin_pb2.ApplyResponse())
    with running(mesh, tmp_path) as folder:
        invoke(*SHIFT, "-o", file, "--state", folder)
    (sent,) = next(one for one in mesh.asked if isinstance(one, admin_pb2.ApplyRequest)).files
    content = sent.content.decode()
    assert "PeerAuthentication" not in content
    assert content.splitlines().index("kind: VirtualService") == AFTER.splitlines().index("kind: VirtualService")


@pytest.mark.parametrize("before", [BEFORE, None])
def test_a_refused_change_writes_nothing(
    tmp_path: Path, planned: admin_pb2.PlanShiftResponse, before: str | None
) -> None:
    file = tmp_path / "all.yaml"
    if before is not None:
        file.write_text(before)
    problem = admin_pb2.Problem(file=str(file), line=9, value="v3", rule="there is none", remedy="use v1")
    refused = admin_pb2.ApplyResponse(problems=[problem])
    with running(ScriptedMesh(PlanShift=planned, Apply=refused), tmp_path) as folder:
        result = invoke(*SHIFT, "-o", file, "--state", folder)
    assert result.exit_code == 1
    assert result.stderr == (
        f"{file} is not written; the lines below are those it would have\n"
        f"{file}:9: v3: there is none; use v1\n1 problem; nothing was changed\n"
    )
    assert (file.read_text() if file.exists() else None) == before


def test_a_file_of_something_else_is_refused_with_its_place(tmp_path: Path, state: Path) -> None:
    file = tmp_path / "notes.yaml"
    file.write_text("kind: Deployment\napiVersion: apps/v1\n")
    assert failing(*SHIFT, "-o", file, "--state", state).startswith(
        f"{file}:1: kind: Deployment: loopmesh does not support this kind: "
    )
    assert file.read_text() == "kind: Deployment\napiVersion: apps/v1\n"


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path, state: Path) -> None:
    file = tmp_path / "none" / "x.yaml"
    said = failing(*SHIFT, "-o", file, "--state", state)
    assert said == f"mesh: there is no folder {file.parent}; make it, or name another file with -o\n"
    assert not file.parent.exists()


def test_a_file_that_cannot_be_written_is_told_before_anything_is_changed() -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "kept.yaml"
        file.parent.chmod(0o555)
        expected = f"{file} cannot be written: Permission denied; name another file with -o"
        with unprivileged(), pytest.raises(CommandError, match=re.escape(expected)):
            plan_file(file, ROUTES, (), "shop")


def test_a_file_is_replaced_as_a_whole_and_keeps_its_link_and_its_mode(tmp_path: Path, state: Path) -> None:
    file, link = tmp_path / "all.yaml", tmp_path / "link.yaml"
    file.write_text(BEFORE)
    file.chmod(0o640)
    link.symlink_to(file)
    before = file.stat()
    invoke(*SHIFT, "-o", link, "--state", state)
    assert (file.read_text(), link.is_symlink()) == (AFTER, True)
    assert file.stat().st_mode == before.st_mode
    assert file.stat().st_ino != before.st_ino
    assert not list(tmp_path.glob(".*"))


def test_what_is_wrong_with_the_file_is_json_where_json_is_asked_for(tmp_path: Path, state: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text("kind: [\n")
    result = invoke(*SHIFT, "-o", file, "--state", state, "--json")
    (problem,) = json.loads(result.stdout)["problems"]
    assert (result.exit_code, result.stderr, problem["origin"]["file"]) == (1, "", str(file))


def test_what_was_edited_and_not_applied_is_not_lost(tmp_path: Path, state: Path) -> None:
    file = tmp_path / "all.yaml"
    edited = f"{BEFORE}    timeout: 1s\n"
    file.write_text(edited)
    line = edited.splitlines().index("kind: VirtualService")
    assert failing(*SHIFT, "-o", file, "--state", state) == (
        f"{file}:{line}: VirtualService shop/wallet: it is not in force as it stands here, and what it says"
        f" would be lost; apply it first, mesh apply -f {file}, or name another file with -o\n"
        "1 problem; nothing was changed\n"
    )
    assert file.read_text() == edited


def test_policies_that_share_a_value_are_not_changed_in_place(
    tmp_path: Path, planned: admin_pb2.PlanShiftResponse, state: Path
) -> None:
    file = tmp_path / "shared.yaml"
    shared = ROUTES.replace("{host: wallet, subset: v1}", "&one {host: wallet, subset: v1}").replace(
        "{host: wallet, subset: v2}", "*one"
    )
    file.write_text(shared)
    planned.in_force = shared
    assert "cannot be changed where they stand" in failing(*SHIFT, "-o", file, "--state", state)
    assert file.read_text() == shared


def test_a_policy_of_another_file_does_not_come_into_one_with_others(
    tmp_path: Path, planned: admin_pb2.PlanShiftResponse, state: Path
) -> None:
    home, file = tmp_path / "1.yaml", tmp_path / "2.yaml"
    home.write_text(ROUTES)
    file.write_text(OTHER)
    planned.files.append(str(home))
    assert failing(*SHIFT, "-o", file, "--state", state) == (
        f"{home}:1: VirtualService shop/wallet: it stands here, and would stand in {file}, too;"
        " name a new file with -o\n1 problem; nothing was changed\n"
    )
    assert file.read_text() == OTHER


def test_a_new_file_is_told_to_be_a_copy(tmp_path: Path, planned: admin_pb2.PlanShiftResponse, state: Path) -> None:
    home = tmp_path / "1.yaml"
    home.write_text(ROUTES)
    planned.files.append(str(home))
    result = invoke(*SHIFT, "-o", tmp_path / "2.yaml", "--state", state)
    assert result.exit_code == 0
    assert result.stderr == f"VirtualService shop/wallet is at {home}:1, too\n"


def test_a_service_has_one_file_however_it_is_named_and_whatever_is_done(
    tmp_path: Path, planned: admin_pb2.PlanShiftResponse
) -> None:
    faulty = ROUTES.replace("http:\n  - route:", "http:\n  - fault: {delay: {fixedDelay: 1s}}\n    route:")
    delayed = admin_pb2.PlanFaultResponse(yaml=faulty, in_force=ROUTES)
    mesh = ScriptedMesh(PlanShift=planned, PlanFault=delayed, Apply=admin_pb2.ApplyResponse())
    with running(mesh, tmp_path) as state:
        for command in (SHIFT, ("shift", "wallet.shop", "v1=60", "v2=40"), ("fault", "wallet", "--delay", "1s")):
            assert f"kept in {state}/policies/wallet.shop.yaml;" in invoke(*command, "--state", state).stdout
        assert [file.name for file in (state / "policies").iterdir()] == ["wallet.shop.yaml"]
        assert "fixedDelay" in (state / "policies/wallet.shop.yaml").read_text()


@pytest.mark.parametrize("output", [True, False])
def test_a_policy_is_kept_where_it_was_written_last_and_nowhere_else(tmp_path: Path, state: Path, output: bool) -> None:
    older, emptied = state / "policies" / "a.shop.yaml", state / "policies" / "b.shop.yaml"
    older.parent.mkdir()
    older.write_text(f"{OTHER}---\n{ROUTES}")
    emptied.write_text(ROUTES.replace("60", "90"))
    chosen = ("-o", tmp_path / "mine.yaml") if output else ()
    assert invoke(*SHIFT, *chosen, "--state", state).exit_code == 0
    assert older.read_text() == OTHER
    assert not emptied.exists()


def test_a_refused_change_leaves_older_files_as_they_were(tmp_path: Path, planned: admin_pb2.PlanShiftResponse) -> None:
    problem = admin_pb2.Problem(file="x.yaml", line=9, value="v3", rule="there is none", remedy="use v1")
    refused = admin_pb2.ApplyResponse(problems=[problem])
    with running(ScriptedMesh(PlanShift=planned, Apply=refused), tmp_path) as folder:
        older = folder / "policies" / "a.shop.yaml"
        older.parent.mkdir()
        older.write_text(BEFORE)
        assert invoke(*SHIFT, "--state", folder).exit_code == 1
        assert older.read_text() == BEFORE


def test_a_folder_for_files_that_cannot_be_made_is_told(tmp_path: Path, state: Path) -> None:
    (state / "policies").write_text("")
    said = failing(*SHIFT, "--state", state)
    assert said == f"mesh: cannot make {state}/policies: File exists; name a file with -o\n"


def test_a_policy_that_goes_with_its_fault_leaves_no_file(tmp_path: Path) -> None:
    mesh = ScriptedMesh(PlanFault=admin_pb2.PlanFaultResponse(removed=[NAME]), Apply=admin_pb2.ApplyResponse())
    with running(mesh, tmp_path) as folder:
        kept = folder / "policies" / "wallet.shop.yaml"
        kept.parent.mkdir()
        kept.write_text(ROUTES)
        assert invoke("fault", "wallet", "--clear", "--state", folder).exit_code == 0
        assert not kept.exists()
    assert list(next(one for one in mesh.asked if isinstance(one, admin_pb2.ApplyRequest)).removed) == [NAME]


def test_a_removed_policy_that_another_file_holds_still_is_told(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(ROUTES)
    planned = admin_pb2.PlanFaultResponse(removed=[NAME], files=[str(file)])
    with running(ScriptedMesh(PlanFault=planned, Apply=admin_pb2.ApplyResponse()), tmp_path) as folder:
        result = invoke("fault", "wallet", "--clear", "--state", folder)
    assert result.stderr == f"VirtualService shop/wallet is still at {file}:1: take it out there\n"
    assert file.read_text() == ROUTES


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--abort", "999"), "--abort 999: this is a whole number from 200 to 599; write such a number"),
        (("--abort", "GONE"), "--abort GONE: gRPC has no such status; use one of OK, "),
        (("--abort", "503", "--percent", "nan"), "--percent nan: this is a number from 0 to 100; write such a number"),
        (("--delay", "1s", "--percent", "0.00001"), "--percent 1e-05: a percentage is 0, or at least 0.0001; "),
        (("--delay", "5"), "--delay 5: this is a duration; write a number with h, m, s or ms, such as 250ms"),
    ],
)
def test_a_fault_no_policy_may_have_is_wrong_use(tmp_path: Path, option: tuple[str, str], said: str) -> None:
    assert f"Error: {said}" in failing("fault", "wallet", *option, "--state", tmp_path, code=2)


@pytest.mark.parametrize("paths", [("-f", "x.yaml"), ("one", "-f", "x.yaml")])
def test_policies_to_delete_are_named_or_in_files(tmp_path: Path, paths: tuple[str, ...]) -> None:
    said = failing("delete", "VirtualService", *paths, "--state", tmp_path, code=2)
    assert "name policies, or files with -f: with both, all policies of the files would go, too" in said
