"""Which policies a refused piece of configuration comes from."""

from collections.abc import Iterable
from dataclasses import dataclass

from google.protobuf.message import Message

from loopmesh.compile import compile_mesh
from loopmesh.control import Rejection
from loopmesh.model.policies import Policies
from loopmesh.model.policy import Source
from loopmesh.model.topology import Topology

MOST_ASKED = 100
"""Each takes a compilation; with more, those that are not asked are not blamed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What a proxy refused, and the policies it comes from as far as that is known."""

    rejection: Rejection
    policies: tuple[Source, ...] = ()


def blame(rejection: Rejection, topology: Topology, policies: Policies, suspects: Iterable[Source]) -> Refusal:
    """Names the suspects without which the refused resources would be others, or else would not be there at all.

    A single suspect is not asked.
    """
    named = {one.policy: one for one in suspects}
    if len(named) > 1:
        refused = _contents(rejection, topology, policies)
        asked = [(one, _contents(rejection, topology, policies.without(one))) for one in list(named)[:MOST_ASKED]]
        shaping = [name for name, contents in asked if contents and contents != refused]
        blamed = shaping or [name for name, contents in asked if not contents]
        named = {name: named[name] for name in blamed}
    return Refusal(rejection=rejection, policies=tuple(named.values()))


def _contents(rejection: Rejection, topology: Topology, policies: Policies) -> list[bytes]:
    resources = compile_mesh(topology, policies)[rejection.workload].resources()
    of_type: list[Message] = [
        messages[name]
        for type_url, messages in resources.items()
        for name in rejection.resources
        if type_url.endswith(f".{rejection.resource_type}") and name in messages
    ]
    return [message.SerializeToString(deterministic=True) for message in of_type]
