"""What is accepted, and what is said of what is not."""

from pathlib import Path

import pytest

from loopmesh.model.problem import InvalidInputError
from loopmesh.policies import read_application
from loopmesh.policies.document import API_VERSIONS
from tests.policies.goldens import FOLDER, assert_expected, fixtures, orphans
from tests.policies.reading import read_fixture, read_mesh_config


@fixtures("valid")
def test_valid_policies_are_taken(file: Path) -> None:
    read_fixture(file)


@fixtures("invalid")
def test_every_problem_is_told_with_place_value_rule_and_remedy(file: Path) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_fixture(file)
    assert_expected(file, f"{caught.value}\n")


@fixtures("warned")
def test_what_is_seldom_meant_is_taken_and_told_with_its_place(file: Path) -> None:
    assert_expected(file, "".join(f"{warning}\n" for warning in read_fixture(file).warnings))


@fixtures("mesh_valid")
def test_valid_mesh_configs_are_taken(file: Path) -> None:
    read_mesh_config(file.read_bytes())


@fixtures("mesh_invalid")
def test_every_problem_of_a_mesh_config_is_told(file: Path) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_mesh_config(file.read_bytes())
    assert_expected(file, f"{caught.value}\n")


@fixtures("values_valid")
def test_valid_values_are_taken(file: Path) -> None:
    read_application(file)


@fixtures("values_invalid")
def test_every_problem_of_values_is_told(file: Path) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_application(file)
    assert_expected(file, f"{caught.value}\n".replace(f"{file.parent}/", ""))


@pytest.mark.parametrize("folder", ["invalid", "warned", "mesh_invalid", "values_invalid"])
def test_no_expectation_outlives_its_fixture(folder: str) -> None:
    assert not orphans(folder)


@pytest.mark.parametrize("kind", API_VERSIONS)
def test_every_kind_has_fixtures_of_both_sorts(kind: str) -> None:
    def is_in(folder: str) -> bool:
        texts = [file.read_text(errors="replace") for file in (FOLDER / folder).glob("*.yaml")]
        return any(f"kind: {kind}\n" in text for text in texts)

    assert is_in("valid")
    assert is_in("invalid")
