"""Texts that are kept beside the tests and compared. `UPDATE_GOLDENS=1` writes them anew."""

import os
from collections.abc import Iterable
from pathlib import Path

UPDATE = os.environ.get("UPDATE_GOLDENS") == "1"


def assert_golden(expected: Path, text: str) -> None:
    """Compares with the file, or writes it."""
    if UPDATE:
        expected.write_text(text)
    assert text == expected.read_text(), "if this is meant: UPDATE_GOLDENS=1"


def left_over(files: Iterable[Path]) -> list[Path]:
    """Of files nothing is compared with any more, those that are still there; an update removes them."""
    for file in files if UPDATE else ():
        file.unlink()
    return [file for file in files if file.exists()]
