"""The policies of files and folders, as they are sent to a running mesh."""

from collections.abc import Iterable
from pathlib import Path

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.errors import ProblemsError
from loopmesh.model.problem import InvalidInputError
from loopmesh.policies.input_files import read_files

STANDARD_INPUT = Path("/dev/stdin")


def policy_files(paths: Iterable[Path]) -> list[admin_pb2.PolicyFile]:
    """`-` is standard input. Raises ProblemsError for files that cannot be read."""
    given = [STANDARD_INPUT if str(path) == "-" else path for path in paths]
    try:
        return [admin_pb2.PolicyFile(path=name, content=content) for name, content in read_files(given)]
    except InvalidInputError as error:
        raise ProblemsError(error) from error
