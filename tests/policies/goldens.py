"""Fixtures and the text of the problems expected of them, beside each other as `x.yaml` and `x.expected`.

`UPDATE_GOLDENS=1 pytest tests/policies` writes the expected files anew and removes those without a fixture.
"""

from pathlib import Path

import pytest

from tests.goldens import assert_golden, left_over

FOLDER = Path(__file__).parent


def fixtures(folder: str) -> pytest.MarkDecorator:
    """Runs a test for every fixture of the folder."""
    files = sorted((FOLDER / folder).glob("*.yaml"))
    return pytest.mark.parametrize("file", files, ids=[file.stem for file in files])


def assert_expected(file: Path, text: str) -> None:
    """Compares with `x.expected`, or writes it."""
    assert_golden(file.with_suffix(".expected"), text)


def orphans(folder: str) -> list[Path]:
    """Expected files whose fixture is gone."""
    found = (FOLDER / folder).glob("*.expected")
    return left_over([file for file in found if not file.with_suffix(".yaml").exists()])
