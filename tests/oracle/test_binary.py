"""Istio's generator is built once, its cost is told before, and without Go it is plain what is missing."""

import os
from pathlib import Path

import pytest

from loopmesh.oracle import OracleError, prepare_generator

FAKE_GO = """#!/bin/sh
if [ "$1" = env ]; then echo go9.9; exit; fi
while [ "$1" != -o ]; do shift; done
echo built >> "{log}"
echo program > "$2"
"""


def fake_go(folder: Path, script: str) -> dict[str, str]:
    """An environment whose `go` is this script, with a cache of its own."""
    tools = folder / "bin"
    tools.mkdir()
    (tools / "go").write_text(script)
    (tools / "go").chmod(0o700)
    return {"PATH": f"{tools}:{os.defpath}", "XDG_CACHE_HOME": str(folder / "cache")}


def test_without_go_one_line_says_what_to_install() -> None:
    with pytest.raises(OracleError, match=r"^Istio's generator is built with Go .* install it$"):
        prepare_generator({"PATH": ""}, print)


def test_it_is_built_once_and_the_cost_is_said_before(tmp_path: Path) -> None:
    log = tmp_path / "log"
    environment = fake_go(tmp_path, FAKE_GO.format(log=log))
    said: list[tuple[str, bool]] = []
    first = prepare_generator(environment, lambda line: said.append((line, log.exists())))
    again = prepare_generator(environment, lambda line: said.append((line, log.exists())))
    assert first == again
    assert first.read_text() == "program\n"
    assert log.read_text() == "built\n"
    ((line, built_before),) = said
    assert "once" in line
    assert not built_before


def test_another_version_of_go_builds_again(tmp_path: Path) -> None:
    log = tmp_path / "log"
    environment = fake_go(tmp_path, FAKE_GO.format(log=log))
    old = prepare_generator(environment, print)
    go = tmp_path / "bin" / "go"
    go.write_text(go.read_text().replace("go9.9", "go10.0"))
    assert prepare_generator(environment, print) != old


def test_a_failed_build_tells_what_go_said_and_leaves_nothing(tmp_path: Path) -> None:
    script = '#!/bin/sh\nif [ "$1" = env ]; then echo go9.9; exit; fi\necho "no space left" >&2\nexit 1\n'
    with pytest.raises(OracleError, match="does not build: no space left"):
        prepare_generator(fake_go(tmp_path, script), print)
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
