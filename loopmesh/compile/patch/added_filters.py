"""Which patches have put HTTP filters into a proxy's configuration, which does not say so."""

from collections.abc import Iterator
from dataclasses import dataclass

from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import HttpFilter

from loopmesh.compile.patch.routes import MERGES
from loopmesh.compile.patch.selection import patches_of
from loopmesh.model.patch import Direction, Operation, Target
from loopmesh.model.policies import Policies
from loopmesh.model.policy import Source
from loopmesh.model.topology import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedFilter:
    """`kind` is the full name of its configuration's message."""

    kind: str
    direction: Direction
    source: Source


def added_filters(policies: Policies, workload: Workload) -> Iterator[AddedFilter]:
    """In the order in which they are put in."""
    for patch in patches_of(policies, workload):
        if patch.target is Target.HTTP_FILTER and patch.operation not in (*MERGES, Operation.REMOVE):
            kind = HttpFilter.FromString(patch.value).typed_config.TypeName()
            yield AddedFilter(kind=kind, direction=patch.direction, source=patch.source)
