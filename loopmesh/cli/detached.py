"""Starts the mesh's own process and listens to it until it is ready."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from loopmesh.cli.errors import CommandError, ProblemsError
from loopmesh.cli.options import UpOptions
from loopmesh.cli.problem_json import problem_of
from loopmesh.model.problem import InvalidInputError
from loopmesh.run import bound_to_parent

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Detached:
    """A mesh that runs in a process of its own. `edge` gives the addresses of the edge by name."""

    process: "subprocess.Popen[str]"
    edge: Mapping[str, str]


def start_detached(
    options: UpOptions,
    report: Report,
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    ends_with_caller: bool = False,
) -> Detached:
    """Returns when everything is ready. Raises ProblemsError and CommandError when it cannot start.

    It runs in `folder`, this process's own if None. `ends_with_caller` lets the kernel end it with the calling process.
    """
    policies = ["--policies", str(options.policies)] if options.policies else []
    bound = [sys.executable, "-I", "-S", str(bound_to_parent.__file__), str(os.getpid())] if ends_with_caller else []
    process = subprocess.Popen(
        [
            *bound,
            # -P: a file of the user's folder must not stand in for one of ours.
            *(sys.executable, "-P", "-m", "loopmesh.cli.daemon"),
            *("--values", str(options.values), *policies),
            *("--state", str(options.state), "--edge-port", str(options.edge_port)),
            *("--control-plane", options.control_plane),
        ],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    try:
        return Detached(process=process, edge=_listen(process, report))
    except BaseException:
        # Whoever gives up waiting does not want the mesh either.
        process.terminate()
        process.wait()
        raise


def _listen(process: "subprocess.Popen[str]", report: Report) -> dict[str, str]:
    error = ""
    for line in process.stdout or ():
        message = json.loads(line)
        if "progress" in message:
            report(message["progress"])
        elif "problems" in message:
            raise ProblemsError(InvalidInputError(map(problem_of, message["problems"])))
        elif "error" in message:
            error = message["error"]
        else:
            edge: dict[str, str] = message["ready"]
            return edge
    said = process.stderr.read().strip() if process.stderr else ""
    raise CommandError(error or f"the mesh ended before it was ready: {said}")
