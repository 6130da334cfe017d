"""Commands that only read and write files: validate and compile."""

import json
from pathlib import Path

import pytest

from tests.cli.invoking import failing, invoke

REPOSITORY = Path(__file__).parents[2]
SHOP = ("--values", REPOSITORY / "helm/shop/values.yaml")
ISTIO = REPOSITORY / "istio"


def test_valid_policies_are_counted() -> None:
    result = invoke("validate", ISTIO, *SHOP)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.endswith(" policies are valid\n")


def test_invalid_policies_are_told_with_their_places_and_number(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("apiVersion: v1\nkind: Nothing\n")
    said = failing("validate", policy, *SHOP)
    assert said.startswith(f"{policy}:")
    assert said.endswith("\n1 problem\n"), "there is nothing that could have been changed"


@pytest.mark.parametrize("text", ["", "# Nothing yet.\n", "---\n---\n"])
def test_a_file_without_a_policy_is_not_valid(tmp_path: Path, text: str) -> None:
    """What was to write it may have failed."""
    policy = tmp_path / "policy.yaml"
    policy.write_text(text)
    said = failing("validate", policy, *SHOP)
    assert said == f"{policy}: there is no policy in it; name a file that holds one\n1 problem\n"


def test_values_that_are_not_there_are_told_with_the_option_for_others(tmp_path: Path) -> None:
    values = tmp_path / "values.yaml"
    assert failing("validate", ISTIO, "--values", values) == (
        f"{values}: there is no such values file, which says what runs; name one with --values\n1 problem\n"
    )


UNREACHABLE = """apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: wallet}
spec:
  hosts: [wallet]
  http:
  - route: [{destination: {host: wallet}}]
  - match: [{uri: {prefix: /never}}]
    route: [{destination: {host: wallet}}]
"""
WARNING = "http route #1: the route at {file}:7 takes every request before it; move it up, or remove it [IST0130]"


@pytest.fixture
def unreachable(tmp_path: Path) -> Path:
    path = tmp_path / "wallet.yaml"
    path.write_text(UNREACHABLE)
    return path


def test_what_is_seldom_meant_is_told_and_does_not_fail(unreachable: Path) -> None:
    result = invoke("validate", unreachable, *SHOP)
    warning = WARNING.format(file=unreachable)
    assert result.stderr == f"{unreachable}:8: warning: VirtualService shop/wallet: {warning}\n"
    assert (result.exit_code, result.stdout) == (0, "1 policy is valid; 1 warning\n")


@pytest.mark.parametrize(("threshold", "code"), [("error", 0), ("warning", 1), ("info", 1)])
def test_warnings_fail_where_the_threshold_says_so(unreachable: Path, threshold: str, code: int) -> None:
    assert invoke("validate", unreachable, *SHOP, "--failure-threshold", threshold).exit_code == code


def test_problems_as_json_have_the_documented_shape(unreachable: Path) -> None:
    result = invoke("validate", unreachable, *SHOP, "--json")
    problem = {
        "severity": "warning",
        "code": "IST0130",
        "origin": {"file": str(unreachable), "line": 8},
        "value": "VirtualService shop/wallet: http route #1",
        "rule": f"the route at {unreachable}:7 takes every request before it",
        "remedy": "move it up, or remove it",
    }
    assert json.loads(result.stdout) == {"policies": ["VirtualService shop/wallet"], "problems": [problem]}
    assert result.exit_code == 0


def test_errors_as_json_fail(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("apiVersion: v1\nkind: Nothing\n")
    result = invoke("validate", policy, *SHOP, "--json")
    assert {problem["severity"] for problem in json.loads(result.stdout)["problems"]} == {"error"}
    assert (result.exit_code, result.stderr) == (1, "")


@pytest.mark.parametrize("path", ["nowhere.yaml", "nowhere"])
def test_a_missing_file_is_named_once(tmp_path: Path, path: str) -> None:
    missing = tmp_path / path
    assert failing("validate", missing, *SHOP).count(str(missing)) == 1
    assert failing("validate", ISTIO, "--values", missing).count(str(missing)) == 1


def test_default_policies_that_cannot_be_read_are_not_taken_for_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "istio").symlink_to(tmp_path / "unmounted")
    values = tmp_path / "values.yaml"
    service = "{command: [sleep, '1'], ports: {tcp: 7000}, listen: tcp, versions: {v1: {replicas: 1}}}"
    values.write_text(f"{{namespace: lab, services: {{a: {service}}}}}")
    monkeypatch.chdir(tmp_path)
    said = failing("up", "--values", values, "--state", tmp_path / "state")
    assert said.startswith("istio: it cannot be read: No such file or directory; ")


def test_what_compile_wrote_is_up_to_date_until_it_is_changed(tmp_path: Path) -> None:
    compiling = ("compile", "-o", tmp_path, *SHOP, "--policies", ISTIO)
    assert invoke(*compiling).stdout == f"{len(list((REPOSITORY / 'envoy/compiled').iterdir()))} files in {tmp_path}\n"
    assert invoke(*compiling, "--check").exit_code == 0
    (tmp_path / "wallet-v1-0.yaml").write_text("")
    (tmp_path / "gone-v1-0.yaml").write_text("")
    said = failing(*compiling, "--check")
    assert f"out of date in {tmp_path}: gone-v1-0.yaml, wallet-v1-0.yaml; run `mesh compile -o" in said


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = failing("compile", "-o", tmp_path / "file/below", *SHOP, "--policies", ISTIO)
    assert said == f"mesh: cannot write to {tmp_path}/file/below: Not a directory; name another folder with -o\n"
