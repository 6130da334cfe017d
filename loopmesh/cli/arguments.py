"""What commands are told: text, but for names of files to read, which may be any bytes; `-` is standard input."""

import os
from pathlib import Path
from typing import Any

import click

STANDARD_INPUT = Path("/dev/stdin")
TAKEN = "loopmesh.standard_input"
"""Who of a command reads standard input, which can be read once."""


class NamedPath(click.Path):
    """The name of a file or folder. An empty one would be the folder the command runs in, and is none: often it is a
    variable of a shell that nobody has set."""

    def __init__(self, *, file_okay: bool = True, dir_okay: bool = True) -> None:
        super().__init__(path_type=Path, file_okay=file_okay, dir_okay=dir_okay)

    def convert(self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not str(value):
            self.fail("the name is empty; write the name of a file or folder, . for this one", param, ctx)
        return super().convert(value, param, ctx)


class InputPath(NamedPath):
    """Of a file to read, or of a folder."""

    def convert(self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if str(value) not in ("-", str(STANDARD_INPUT)):
            return super().convert(value, param, ctx)
        if param is not None and ctx is not None:
            taken_by = ctx.meta.setdefault(TAKEN, param)
            if taken_by is not param:
                self.fail(
                    f"standard input can be read once, and is read for {taken_by.get_error_hint(ctx)}", param, ctx
                )
        return STANDARD_INPUT


class TextCommand(click.Command):
    """A command that refuses what is no text, but for an InputPath."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        rest = super().parse_args(ctx, args)
        for param in self.params:
            if not isinstance(param.type, InputPath):
                _check(param, ctx.params.get(param.name or ""), ctx)
        return rest


def _check(param: click.Parameter, value: object, ctx: click.Context) -> None:
    """Raises BadParameter."""
    for one in value if isinstance(value, tuple) else (value,):
        if isinstance(one, str | Path) and not _is_text(str(one)):
            said = os.fsencode(str(one)).decode(errors="backslashreplace")
            raise click.BadParameter(f"'{said}' is no UTF-8 text; write it as UTF-8", ctx, param)


def _is_text(said: str) -> bool:
    """Python keeps other bytes of the command line as lone surrogates (PEP 383)."""
    try:
        said.encode()
    except UnicodeEncodeError:
        return False
    return True
