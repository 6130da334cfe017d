"""Parts of a proxy's configuration, to ask which EnvoyFilter has a hand in them."""

from dataclasses import dataclass

from google.protobuf.any_pb2 import Any

from loopmesh.model.patch import Target
from loopmesh.simulate.errors import NotSimulatedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """As patches name it: `kind` is the full name of the message a filter is configured by, `name` its own; either may
    be empty. `says` is what of it is not simulated, where that is not all of it."""

    target: Target
    kind: str = ""
    name: str = ""
    says: str = ""

    @property
    def words(self) -> str:
        return self.says or f"filter {self.name or self.kind}"


def filter_part(target: Target, name: str, config: Any) -> Part:
    return Part(target=target, kind=config.TypeName(), name=name)


def route_part(error: NotSimulatedError) -> Part:
    """Of routes, what is not simulated."""
    return Part(target=Target.HTTP_ROUTE, says=str(error))
