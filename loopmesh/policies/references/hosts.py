"""Hosts that must be services."""

from collections.abc import Iterator

from loopmesh.model.policy import Source
from loopmesh.model.problem import Origin, Problem
from loopmesh.policies.references.known import Known
from loopmesh.policies.references.problem import reference_problem


def host_problems(known: Known, source: Source, host: str, origin: Origin) -> Iterator[Problem]:
    if not known.covered(host):
        remedy = known.closest(host, known.services)
        yield reference_problem(source, f"host {host}", "no service has this host", remedy, origin)
