"""Problems as the admin service carries them, to and from the model."""

from collections.abc import Iterable

from loopmesh.admin.v1 import admin_pb2
from loopmesh.model.problem import Origin, Problem, Severity


def problem_messages(problems: Iterable[Problem]) -> list[admin_pb2.Problem]:
    return [
        admin_pb2.Problem(
            file=problem.origin.file,
            line=problem.origin.line,
            value=problem.value,
            rule=problem.rule,
            remedy=problem.remedy,
            severity=problem.severity,
            code=problem.code,
        )
        for problem in problems
    ]


def problem_of_message(message: admin_pb2.Problem) -> Problem:
    return Problem(
        origin=Origin(file=message.file, line=message.line),
        value=message.value,
        rule=message.rule,
        remedy=message.remedy,
        severity=Severity(message.severity or Severity.ERROR),
        code=message.code,
    )
