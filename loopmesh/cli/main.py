"""The entry point. Each command lives in a module of its own and is imported only when it is called."""

import difflib
import errno
import importlib
import io
import os
import sys
from typing import Any

import click

from loopmesh.cli.errors import CommandError

COMMANDS = {
    "up": "start a mesh: a proxy beside every program",
    "down": "drain and stop it",
    "status": "what runs, and whether it takes traffic",
    "logs": "what programs and proxies print",
    "call": "call a service with a workload's identity",
    "forward": "open a local port into the mesh with a workload's identity",
    "apply": "add or replace policies while it runs",
    "diff": "what policies would change, without changing anything",
    "delete": "remove policies while it runs",
    "shift": "share a service's calls among its versions",
    "fault": "delay or fail calls of a service",
    "validate": "check policies without running anything",
    "verify": "compare with what Istio itself would do",
    "compile": "write or check the proxies' configuration as files",
    "config": "a proxy's live configuration",
    "metrics": "what the proxies count, as Prometheus reads it",
    "trace": "the path of a call as a tree",
    "explain": "what would become of a call, and why",
    "scale": "change how many instances of a service run",
    "restart": "replace the instances of a service without a failed call",
}
UNWRITABLE = (errno.EPIPE, errno.ENOSPC, errno.EIO)
HELP = """A service mesh on this machine, from the Istio YAML and Helm values that deploy to Kubernetes.

\b
  mesh up --detach            start it
  mesh status                 see what runs
  mesh call --from orders catalog:50051 GetProduct -d '{"name": "products/oak-tumbler"}'
  mesh trace last             see where a call went
  mesh down                   stop it
"""


class LazyGroup(click.Group):
    """Knows its commands by name; `--help` needs none of their modules."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"loopmesh.cli.commands.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            for near in difflib.get_close_matches(args[0], COMMANDS, 1):
                raise click.UsageError(f"{error.message} Did you mean '{near}'?", error.ctx) from error
            raise

    def invoke(self, ctx: click.Context) -> Any:
        """Raises CommandError where what is told cannot be written. That whoever reads a pipe has seen enough is no
        failure."""
        try:
            return super().invoke(ctx)
        except OSError as error:
            if error.filename is not None or error.errno not in UNWRITABLE:
                raise
            # What is left would be written when Python ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            if error.errno == errno.EPIPE:
                ctx.exit(0)
            raise CommandError(f"what the command says cannot be written: {error.strerror}") from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, help=HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="loopmesh")
def mesh() -> None:
    """All commands."""


def main() -> None:
    """Runs the command; exit code 0 done, 1 failed, 2 wrong use, and the gRPC status for `mesh call`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Not every terminal has an arrow.
            stream.reconfigure(errors="backslashreplace")
    mesh.main(prog_name="mesh")
