"""Every check of `make check`, and the fixer of each for `make fix`.

Runs all of them, shows the output of those that fail, and says what mends it. Writes nothing unless told `--fix`.
"""

import argparse
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

BIN = Path(sys.executable).parent
MESH = str(BIN / "mesh")
PYTHON = sys.executable


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """`fix` is the command that repairs what `command` finds, None where only a person can."""

    name: str
    command: tuple[str, ...]
    fix: tuple[str, ...] | None = None


CHECKS = (
    Check(name="generated files", command=(PYTHON, "-m", "tools.proto", "--check"), fix=(PYTHON, "-m", "tools.proto")),
    Check(name="lint", command=(str(BIN / "ruff"), "check", "."), fix=(str(BIN / "ruff"), "check", "--fix", ".")),
    Check(name="format", command=(str(BIN / "ruff"), "format", "--check", "."), fix=(str(BIN / "ruff"), "format", ".")),
    Check(name="types", command=(str(BIN / "mypy"),)),
    Check(name="import rules", command=(str(BIN / "lint-imports"), "--no-cache")),
    Check(name="contract style", command=(PYTHON, "-m", "tools.proto.gate", "lint")),
    Check(name="contract compatibility", command=(PYTHON, "-m", "tools.proto.gate", "breaking")),
    Check(name="policies", command=(MESH, "validate", "istio", "--values", "helm/shop/values.yaml")),
    Check(
        name="compiled configuration",
        command=(MESH, "compile", "-o", "envoy/compiled", "--check"),
        fix=(MESH, "compile", "-o", "envoy/compiled"),
    ),
)


def run(name: str, command: tuple[str, ...]) -> bool:
    """Runs one command; prints a line, and its output when it fails."""
    started = time.monotonic()
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    print(f"{'ok  ' if result.returncode == 0 else 'FAIL'} {name} ({time.monotonic() - started:.1f} s)", flush=True)
    if result.returncode != 0:
        print(result.stdout, flush=True)
    return result.returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fix", action="store_true", help="repair instead of only reporting")
    if parser.parse_args().fix:
        fixed = [run(f"fix {check.name}", check.fix) for check in CHECKS if check.fix]
        return 0 if all(fixed) else 1
    failed = [check for check in CHECKS if not run(check.name, check.command)]
    if any(check.fix for check in failed):
        print("`make fix` repairs:", ", ".join(check.name for check in failed if check.fix), file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
