"""Commands that only read and write files: validate and compile."""

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
    assert said.rstrip().endswith("; nothing was changed")


@pytest.mark.parametrize("path", ["nowhere.yaml", "nowhere"])
def test_a_missing_file_is_named_once(tmp_path: Path, path: str) -> None:
    missing = tmp_path / path
    assert failing("validate", missing, *SHOP).count(str(missing)) == 1
    assert failing("validate", ISTIO, "--values", missing).count(str(missing)) == 1


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
