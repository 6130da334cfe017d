"""`mesh logs`."""

import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import click

from loopmesh.cli.arguments import TextCommand
from loopmesh.cli.errors import CommandError
from loopmesh.cli.parameters import state_option

POLL_S = 0.1


@click.command(cls=TextCommand, short_help="what programs and proxies print")
@click.argument("service", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on printing what comes.")
@state_option
def command(service: str | None, follow: bool, state: Path) -> None:
    """What programs and proxies print, of all or of one SERVICE or workload; also after the mesh has ended.

    \b
    mesh logs
    mesh logs -f orders
    """
    logs = _Logs(state / "logs", service)
    if not logs.paths():
        named = f" of {service}" if service else ""
        raise CommandError(f"there are no logs{named} in {state / 'logs'}; name a service of this mesh, or its --state")
    for line in logs.new_lines():
        click.echo(line)
    if follow:
        # Interrupting is how it is ended.
        with suppress(KeyboardInterrupt):
            _follow(logs)


def _follow(logs: "_Logs") -> None:
    while True:
        time.sleep(POLL_S)
        for line in logs.new_lines():
            click.echo(line)
        sys.stdout.flush()


class _Logs:
    """Files by workload; each is read on from where it was left. One that became shorter starts anew."""

    def __init__(self, folder: Path, name: str | None) -> None:
        self._folder = folder
        self._name = name
        self._read: dict[Path, int] = {}

    def paths(self) -> list[Path]:
        found = sorted(self._folder.glob("*.log"))
        return [path for path in found if self._name is None or self._belongs(path.stem)]

    def _belongs(self, stem: str) -> bool:
        workload = stem.removesuffix(".envoy")
        # An instance is called service-version-number, a gateway's name-number.
        names = {workload, workload.rpartition("-")[0], workload.rpartition("-")[0].rpartition("-")[0]}
        return self._name in names

    def new_lines(self) -> Iterator[str]:
        for path in self.paths():
            start = self._read.get(path, 0)
            if path.stat().st_size < start:
                start = 0
            with path.open("rb") as file:
                file.seek(start)
                content = file.read()
            whole, _, _ = content.rpartition(b"\n")
            if whole:
                self._read[path] = start + len(whole) + 1
                for line in whole.split(b"\n"):
                    yield f"{path.stem} | {line.decode(errors='replace')}"
