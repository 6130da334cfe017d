"""What touches a service: every file that its image and its pipeline are made of, found by following imports."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from tools.chart.go_tools import ROOT

STUBS = ROOT / "gen" / "python"
IMAGE = ROOT / "helm" / "images" / "services.Containerfile"
TESTS = ROOT / "tests" / "services"
WHOLE = {Path("services"), Path("gen/python")}
"""Folders that the image takes whole; of them only what the service imports is its own."""
GATE = {"buf.yaml", "proto/baseline.binpb"}
"""Files that `make contracts` reads."""


def paths_of(service: str) -> set[str]:
    """As a pipeline says them, for a service of the shop."""
    program = followed([ROOT / "services" / service / "__main__.py"], {"services", "shop", "buf"})
    tools = followed([ROOT / "tools" / name for name in ("proto/gate.py", "images/__main__.py")], {"tools"})
    tests = followed([*suites_of(service), ROOT / "tests" / "conftest.py", TESTS / "conftest.py"], {"tests"})
    files = {*program, *tools, *tests}
    patterns = {pattern for file in files for pattern in _patterns(file.relative_to(ROOT))}
    pipelines = {f".github/workflows/{name}.yml" for name in (service, "service")}
    return {*patterns, *_copied(), *GATE, *pipelines, ".dockerignore", "Makefile", "helm/images/**"}


def suites_of(service: str) -> list[Path]:
    """Its own, and those that every service must pass."""
    return sorted(file for folder in (service, "chassis", ".") for file in (TESTS / folder).glob("test_*.py"))


def followed(files: Iterable[Path], roots: set[str]) -> set[Path]:
    """These files and all they import of the top-level packages `roots`, and those import in turn."""
    found: set[Path] = set()
    waiting = list(files)
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += [one for name in _imports(file) if name.split(".")[0] in roots for one in _files(name)]
    return found


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _files(name: str) -> Iterator[Path]:
    """Of a module, or a name in one, and of the packages it lies in."""
    parts = name.split(".")
    for root in (ROOT, STUBS):
        for length in range(1, len(parts) + 1):
            place = root.joinpath(*parts[:length])
            yield from (file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file())


def _patterns(file: Path) -> Iterator[str]:
    match file.parts:
        case ("gen", "python", "shop", name, *_):
            yield from (f"gen/python/shop/{name}/**", f"proto/shop/{name}/**")
        case ("gen", *_):
            yield "gen/python/buf/**"
        case ("tests", "services", _):
            yield "tests/services/*.py"
        case ("tests", "services", name, *_):
            yield f"tests/services/{name}/**"
        case (top, name, _, *_):
            yield f"{top}/{name}/**"
        case _:
            yield str(file)


def _copied() -> Iterator[str]:
    """What the image takes from the repository, but for what the service need not have of it."""
    for words in re.findall(r"^COPY (?!--from)(.*) \S+$", IMAGE.read_text(), re.MULTILINE):
        yield from (word for word in words.split() if Path(word) not in WHOLE)
