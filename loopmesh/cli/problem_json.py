"""Problems as JSON, and back: for programs that read a command's output, and between the mesh's own processes."""

from collections.abc import Mapping
from typing import Any

from loopmesh.model.problem import Origin, Problem, Severity


def problem_json(problem: Problem) -> dict[str, Any]:
    """The stable form; `line` 0 is the file as a whole, `code` null where Istio's analysis says nothing of it."""
    return {
        "severity": str(problem.severity),
        "code": problem.code or None,
        "origin": {"file": problem.origin.file, "line": problem.origin.line},
        "value": problem.value,
        "rule": problem.rule,
        "remedy": problem.remedy,
    }


def problem_of(said: Mapping[str, Any]) -> Problem:
    """What `problem_json` made."""
    return Problem(
        origin=Origin(**said["origin"]),
        value=said["value"],
        rule=said["rule"],
        remedy=said["remedy"],
        severity=Severity(said["severity"]),
        code=said["code"] or "",
    )
