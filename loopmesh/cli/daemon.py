"""The process that runs a mesh: in the foreground of `mesh up`, or detached from it.

A detached one writes a JSON object a line on standard output, `{"progress": …}`, `{"ready": …}` or `{"problems": …}`
and `{"error": …}`, until it is ready; then nobody listens any more and its output goes to `logs/mesh.log`.
"""

import argparse
import asyncio
import json
import logging
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvloop

from loopmesh.cli.admin_server import AdminServer
from loopmesh.cli.mesh import Mesh
from loopmesh.cli.options import ControlPlaneKind, UpOptions
from loopmesh.cli.problem_json import problem_json
from loopmesh.control import ControlError
from loopmesh.model.problem import InvalidInputError
from loopmesh.run.errors import RunError

Report = Callable[[str], None]


def run_mesh(options: UpOptions, report: Report, ready: Callable[[dict[str, str]], None]) -> None:
    """Runs until told to stop. Raises InvalidInputError and RunError when it cannot start, or breaks."""
    # gRPC would otherwise complain at every fork; children are only ever executed, never forked from its threads.
    os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"
    try:
        uvloop.run(_run(options, report, ready))
    except ControlError as error:
        raise RunError(str(error)) from error
    except sqlite3.OperationalError as error:
        raise RunError(f"spans cannot be kept in {options.state}: {error}; {_another(options)}") from error
    except sqlite3.DatabaseError as error:
        raise RunError(f"{options.state / 'traces.db'} cannot be used: {error}; remove it to get a new one") from error
    except OSError as error:
        # Whoever reads what is printed may have gone, which is no failure; a number has what the system says.
        if isinstance(error, BrokenPipeError) or error.errno is None:
            raise
        place = f"{error.filename}: " if error.filename else ""
        raise RunError(f"the mesh cannot go on: {place}{error.strerror}; {_another(options)}") from error


def _another(options: UpOptions) -> str:
    return f"make that possible, or give another folder than {options.state} with --state"


async def _run(options: UpOptions, report: Report, ready: Callable[[dict[str, str]], None]) -> None:
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    mesh = Mesh.load(options)
    ending = _Ending(mesh)

    async def stop(said: Report) -> None:
        asked.set()
        await ending.end(said)

    admin = AdminServer(mesh, stop, os.getpid())
    try:
        starting = asyncio.ensure_future(mesh.start(report))
        if await _first(starting, asked):
            await admin.start()
            ready(mesh.steering.edge)
            await _first(asyncio.ensure_future(mesh.supervisor.failure()), asked)
    finally:
        await ending.end(report)
        await admin.close()


async def _first(work: "asyncio.Future[None]", asked: asyncio.Event) -> bool:
    """Waits for the work or for the wish to stop; whether it was the work. Raises what the work raised."""
    waiting = asyncio.ensure_future(asked.wait())
    both: set[asyncio.Future[Any]] = {work, waiting}
    await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if work.done():
        await work
        return True
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    return False


class _Ending:
    """Several may ask for the end; it happens once and all wait for it."""

    def __init__(self, mesh: Mesh) -> None:
        self._mesh = mesh
        self._task: asyncio.Task[None] | None = None

    async def end(self, report: Report) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._mesh.stop(report))
        await asyncio.shield(self._task)


def main() -> int:
    """The detached process."""
    options = _options()
    output = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)

    def say(**message: object) -> None:
        output.write(json.dumps(message) + "\n")

    def ready(edge: dict[str, str]) -> None:
        _log_to(options.state / "logs" / "mesh.log")
        say(ready=edge)
        output.close()

    def report(line: str) -> None:
        if output.closed:
            logging.getLogger("loopmesh").info(line)
        else:
            say(progress=line)

    try:
        run_mesh(options, report, ready)
    except InvalidInputError as error:
        say(problems=list(map(problem_json, error.problems)))
        return 1
    except RunError as error:
        if output.closed:
            logging.getLogger("loopmesh").exception("the mesh broke")
        else:
            say(error=str(error))
        return 1
    return 0


def _log_to(path: Path) -> None:
    """Sends everything this process prints to the file."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(file, sys.stdout.fileno())
    os.dup2(file, sys.stderr.fileno())
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", force=True)


def _options() -> UpOptions:
    parser = argparse.ArgumentParser()
    parser.add_argument("--values", type=Path, required=True)
    parser.add_argument("--policies", type=Path)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--edge-port", type=int, required=True)
    parser.add_argument("--control-plane", type=ControlPlaneKind, required=True)
    given = parser.parse_args()
    return UpOptions(
        values=given.values,
        policies=given.policies,
        state=given.state.absolute(),
        edge_port=given.edge_port,
        control_plane=given.control_plane,
    )


if __name__ == "__main__":
    sys.exit(main())
