"""The policies of files and folders, as they are sent to a running mesh."""

from collections.abc import Iterable
from pathlib import Path

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.errors import ProblemsError
from loopmesh.model.problem import InvalidInputError
from loopmesh.policies.input_files import read_files


def policy_files(paths: Iterable[Path]) -> list[admin_pb2.PolicyFile]:
    """Raises ProblemsError for files that cannot be read."""
    try:
        return [admin_pb2.PolicyFile(path=name, content=content) for name, content in read_files(paths)]
    except InvalidInputError as error:
        raise ProblemsError(error) from error
