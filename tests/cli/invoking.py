"""Runs commands as the entry point does, in the test's process."""

from click.testing import CliRunner, Result

from loopmesh.cli.main import mesh

WIDTH = 100


def invoke(*arguments: object) -> Result:
    """With its exit code, and what it wrote to standard output and standard error apart."""
    return CliRunner().invoke(mesh, [*map(str, arguments)], prog_name="mesh", terminal_width=WIDTH)


def failing(*arguments: object, code: int = 1) -> str:
    """What a command says that must fail: on standard error, and nothing on standard output."""
    result = invoke(*arguments)
    assert result.exit_code == code, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert result.stdout == ""
    return result.stderr
