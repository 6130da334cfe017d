"""Changes to headers on the way to a destination and back."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderOperations:
    """`set` replaces, `add` appends, `remove` takes away; values may hold Envoy's `%…%` words, as in Istio."""

    set: Mapping[str, str] = field(default_factory=dict)
    add: Mapping[str, str] = field(default_factory=dict)
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderChanges:
    """Setting `host` or `:authority` of the request rewrites the host it is for."""

    request: HeaderOperations = HeaderOperations()
    response: HeaderOperations = HeaderOperations()
