"""Fixtures and the text of the problems expected of them, beside each other as `x.yaml` and `x.expected`.

`UPDATE_GOLDENS=1 pytest tests/policies` writes the expected files anew and removes those without a fixture.
"""

import os
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
UPDATE = os.environ.get("UPDATE_GOLDENS") == "1"


def fixtures(folder: str) -> pytest.MarkDecorator:
    """Runs a test for every fixture of the folder."""
    files = sorted((FOLDER / folder).glob("*.yaml"))
    return pytest.mark.parametrize("file", files, ids=[file.stem for file in files])


def assert_expected(file: Path, text: str) -> None:
    """Compares with `x.expected`, or writes it."""
    expected = file.with_suffix(".expected")
    if UPDATE:
        expected.write_text(text)
    assert text == expected.read_text(), "if this is meant: UPDATE_GOLDENS=1"


def orphans(folder: str) -> list[Path]:
    """Expected files whose fixture is gone."""
    found = [file for file in (FOLDER / folder).glob("*.expected") if not file.with_suffix(".yaml").exists()]
    for file in found if UPDATE else []:
        file.unlink()
    return [file for file in found if file.exists()]
