"""What every command says of itself, and of what it is told wrongly."""

from pathlib import Path

import pytest

from loopmesh.cli.main import COMMANDS
from tests.cli.invoking import failing, invoke
from tests.goldens import assert_golden, left_over

FOLDER = Path(__file__).parent / "help"
WRONG_USE = {
    "no such command": (["statsu"], "No such command 'statsu'. Did you mean 'status'?"),
    "nothing like a command": (["xyzzy"], "No such command 'xyzzy'."),
    "no such option": (["status", "--colour"], "No such option '--colour'."),
    "a port out of range": (["up", "--edge-port", "70000"], "70000 is not in the range 0<=x<=65535."),
    "a caller left out": (["call", "catalog:50051", "GetProduct"], "Missing option '--from'."),
    "a target without a port": (
        ["call", "--from", "orders", "catalog", "GetProduct"],
        "'catalog' is not SERVICE:PORT, such as inventory:50051",
    ),
    "a header without a value": (
        ["call", "--from", "orders", "catalog:50051", "GetProduct", "-H", "nothing"],
        "-H 'nothing' is not `name: value` in plain ASCII",
    ),
    "a header with a bad name": (
        ["call", "--from", "orders", "catalog:50051", "GetProduct", "-H", "two words: x"],
        "-H 'two words: x' is not `name: value` in plain ASCII",
    ),
    "a header of bytes": (
        ["call", "--from", "orders", "catalog:50051", "GetProduct", "-H", "x-bin: x"],
        "-H 'x-bin: x' is not `name: value` in plain ASCII",
    ),
    "an address that is not local": (
        ["forward", "--from", "orders", "catalog:50051", "--listen", "0.0.0.0:9000"],
        "--listen '0.0.0.0:9000': the mesh listens on 127.0.0.1 only",
    ),
    "a scale without a number": (["scale", "inventory"], "'inventory' is not SERVICE[/VERSION]=N with N up to 100"),
    "a scale beyond all reason": (["scale", "inventory=101"], "'inventory=101' is not SERVICE[/VERSION]=N"),
    "nothing to explain": (
        ["explain"],
        "say --from WORKLOAD SERVICE:PORT METHOD, or --trace ID of a call that was made",
    ),
    "a server name for a call without TLS": (
        ["explain", "--from", "orders", "catalog:50051", "GetProduct", "--sni", "a.example.com"],
        "--sni goes with TLS as METHOD: proxies see a server name in TLS only",
    ),
    "a call and a trace to explain": (
        ["explain", "--from", "orders", "--trace", "last"],
        "--trace names the call; say nothing else of it",
    ),
    "nothing to apply": (["apply"], "Missing option '-f' / '--file'."),
    "nothing to compare": (["diff"], "name a file with -f, or with --delete a KIND and a NAME"),
    "nothing to delete": (["delete"], "name a KIND and a NAME, or a file with -f"),
    "nothing to validate": (["validate"], "Missing argument 'PATHS...'."),
    "nowhere to compile to": (["compile"], "Missing option '-o' / '--output'."),
    "a state that is a file": (["status", "--state", __file__], f"Directory '{__file__}' is a file."),
}


@pytest.mark.parametrize("command", ["mesh", *COMMANDS])
def test_help_says_what_it_said(command: str) -> None:
    arguments = [] if command == "mesh" else [command]
    for flag in ("--help", "-h"):
        result = invoke(*arguments, flag)
        assert result.exit_code == 0
        assert_golden(FOLDER / f"{command}.txt", result.stdout)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_an_example_that_begins_with_the_command(command: str) -> None:
    assert f"\n  mesh {command}" in invoke(command, "--help").stdout


def test_there_is_no_help_of_a_command_that_is_gone() -> None:
    known = {f"{name}.txt" for name in ("mesh", *COMMANDS)}
    assert left_over([file for file in FOLDER.iterdir() if file.name not in known]) == []


@pytest.mark.parametrize(("arguments", "said"), WRONG_USE.values(), ids=WRONG_USE)
def test_wrong_use_is_told_on_standard_error_with_exit_code_2(arguments: list[str], said: str) -> None:
    stderr = failing(*arguments, code=2)
    assert said in stderr
    assert "Try 'mesh" in stderr


def test_without_a_command_the_help_is_shown() -> None:
    result = invoke()
    assert result.exit_code == 2
    assert "Commands:" in result.stderr


def test_the_version_is_told() -> None:
    assert invoke("--version").stdout.startswith("mesh, version ")
