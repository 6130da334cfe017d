"""Parts of a proxy's configuration, to ask which EnvoyFilter has a hand in them."""

from dataclasses import dataclass

from google.protobuf.any_pb2 import Any

from loopmesh.model.patch import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """As patches name it: `kind` is the full name of the message a filter is configured by, `name` its own; either may
    be empty."""

    target: Target
    kind: str = ""
    name: str = ""


def filter_part(target: Target, name: str, config: Any) -> Part:
    return Part(target=target, kind=config.TypeName(), name=name)
