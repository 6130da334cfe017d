"""Hosts that must be services."""

from collections.abc import Iterator

from loopmesh.model.policy import Source
from loopmesh.model.problem import Origin, Problem
from loopmesh.policies.analysis import Message, policy_problem
from loopmesh.policies.references.known import Known


def host_problems(
    known: Known, source: Source, host: str, origin: Origin, message: Message | None = None
) -> Iterator[Problem]:
    if not known.covered(host):
        remedy = known.closest(host, known.services)
        yield policy_problem(source, f"host {host}", "no service has this host", remedy, message=message, origin=origin)
