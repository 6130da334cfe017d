"""The user's files: those named, and every YAML and JSON file below folders named. Enters: paths. Leaves: bytes.

Whatever may hold a policy and cannot be read is refused: the mesh would run without it, and nothing would say so.
"""

import os
import stat
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from loopmesh.model.problem import InvalidInputError, Origin, Problem
from loopmesh.policies.yaml_tree import MAX_BYTES

SUFFIXES = (".json", ".yaml", ".yml")
"""As `kubectl apply -f FOLDER` takes them, which takes no capitals; JSON is YAML, too."""
NAME_ANOTHER = "name a file or folder that exists and may be read"
TAKE_OUT = "let it be read, or take it out of the folder"


class _Found(NamedTuple):
    """Named by the user, or met in a folder."""

    path: Path
    is_named: bool


def read_files(paths: Iterable[Path]) -> list[tuple[str, bytes]]:
    """Files, and every YAML and JSON file below folders in the order of their names; each once, though it may be named
    twice. Raises InvalidInputError."""
    problems: list[Problem] = []
    found: dict[str, _Found] = {}
    for path in paths:
        if is_folder(path):
            for target, file in _files_below(path, problems).items():
                found.setdefault(target, _Found(file, is_named=False))
        else:
            found.setdefault(os.path.realpath(path), _Found(path, is_named=True))
    files = [(shown(one.path), content) for one in found.values() if (content := _content(one, problems)) is not None]
    if problems:
        raise InvalidInputError(problems)
    return files


def is_folder(path: Path) -> bool:
    """Not one that cannot be seen; reading it tells why."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _content(file: _Found, problems: list[Problem]) -> bytes | None:
    try:
        # A pipe that is named has somebody who writes to it; one that lies about may be waited for without end.
        if file.is_named or stat.S_ISREG(file.path.stat().st_mode):
            return _read(file.path)
        problems.append(_problem(file.path, "it is no regular file", "take it out of the folder"))
    except OSError as error:
        problems.append(_unreadable(file.path, error, NAME_ANOTHER if file.is_named else TAKE_OUT))
    return None


def _files_below(folder: Path, problems: list[Problem]) -> dict[str, Path]:
    """In the order of their names, those in folders that links lead to as well, by what they are without links: what
    Kubernetes mounts of a ConfigMap is there by two names, and a link may lead to a folder around it."""
    earlier = len(problems)
    files: dict[str, Path] = {}
    entered: set[str] = set()
    waiting = deque([folder])
    while waiting:
        here = waiting.popleft()
        real = os.path.realpath(here)
        if real in entered:
            continue
        entered.add(real)
        for entry in _entries(here, problems):
            if _leads_to_folder(entry, problems):
                waiting.append(here / entry.name)
            elif Path(entry.name).suffix.lower() in SUFFIXES:
                target = os.path.realpath(entry.path) if entry.is_symlink() else f"{real}/{entry.name}"
                files.setdefault(target, here / entry.name)
    if not files and len(problems) == earlier:
        problems.append(
            _problem(folder, "the folder holds no YAML file", "name a folder with *.yaml, *.yml or *.json files")
        )
    return dict(sorted(files.items(), key=lambda one: one[1]))


def _entries(folder: Path, problems: list[Problem]) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        problems.append(_unreadable(folder, error, TAKE_OUT))
        return []


def _leads_to_folder(entry: "os.DirEntry[str]", problems: list[Problem]) -> bool:
    """What a link leads to that cannot be seen may be a folder."""
    if not entry.is_symlink():
        return entry.is_dir(follow_symlinks=False)
    try:
        return stat.S_ISDIR(entry.stat().st_mode)
    except OSError as error:
        problems.append(_unreadable(Path(entry.path), error, TAKE_OUT))
        return False


def _read(file: Path) -> bytes:
    """No more than shows that a file is too large: it may be endless."""
    with file.open("rb") as opened:
        return opened.read(MAX_BYTES + 1)


def _unreadable(path: Path, error: OSError, remedy: str) -> Problem:
    return _problem(path, f"it cannot be read: {error.strerror}", remedy)


def _problem(path: Path, rule: str, remedy: str) -> Problem:
    return Problem(origin=Origin(file=shown(path), line=0), value="", rule=rule, remedy=remedy)


def shown(path: Path) -> str:
    """A name may be any bytes, and what is told of it is text."""
    return os.fsencode(path).decode(errors="backslashreplace")
