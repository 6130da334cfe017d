"""The commands that documents show in blocks marked `console`."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EDGE = re.compile(r"edge http: http://127\.0\.0\.1:(\d+)")
DENIED = 7


def run_console(text: str, folder: Path) -> None:
    """Each command in its order, as a shell would; every line shown as its output must be in what it says."""
    port = "8080"
    try:
        for command, output in _commands(text):
            # A machine that tests may have something on 8080.
            wanted = command.replace("up --detach", "up --detach --edge-port 0").replace("8080", port)
            result = run(wanted, folder)
            said = result.stdout + result.stderr
            assert result.returncode == (DENIED if "denied" in "".join(output) else 0), f"{wanted}\n{said}"
            for line in output:
                assert line in said
            if found := EDGE.search(said):
                port = found.group(1)
    finally:
        run("mesh down", folder)


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    argv = ["bash", "-c", command]
    return subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True, timeout=90, check=False)


def _commands(text: str) -> Iterator[tuple[str, list[str]]]:
    for block in BLOCK.findall(text):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *output = part.strip().splitlines()
            yield command, output
