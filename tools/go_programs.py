"""Builds all the tests run of Go, before they do: where nothing is built yet it takes minutes, and a test has two."""

import os
import shutil

from loopmesh.oracle import OracleError, prepare_generator
from tools.chart.go_tools import build_tools


def main() -> None:
    """What does not build is said, and fails the tests that run it."""
    if shutil.which("go") is None:
        return
    try:
        prepare_generator(os.environ, print)
    except OracleError as error:
        print(error)
    for complaint in build_tools():
        print(complaint)


if __name__ == "__main__":
    main()
