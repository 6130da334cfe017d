"""How a request finds its destination (Istio's VirtualService)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from loopmesh.model.policy import Source

MESH_GATEWAY = "mesh"
"""The reserved gateway name for all sidecars."""


class TextMatchKind(StrEnum):
    EXACT = "exact"
    PREFIX = "prefix"
    REGEX = "regex"
    PRESENT = "present"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextMatch:
    """A condition on a piece of text; regular expressions are RE2 and match the whole text."""

    kind: TextMatchKind
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestMatch:
    """All given conditions must hold; header names are lower case."""

    name: str = ""
    path: TextMatch | None = None
    ignore_path_case: bool = False
    method: TextMatch | None = None
    authority: TextMatch | None = None
    headers: Mapping[str, TextMatch] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A service (fully qualified host), a port of it (None: its only one), perhaps a subset; `weight` as written."""

    host: str
    port: int | None = None
    subset: str | None = None
    weight: int = 0
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """`attempts` are retries after the first try; 0 switches retries off.

    `conditions` are Istio's retryOn words, empty for Istio's default set.
    """

    attempts: int
    per_try_timeout_ms: int | None = None
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The first route with a match that holds wins; no matches take every request. No timeout means none."""

    name: str = ""
    matches: tuple[RequestMatch, ...] = ()
    destinations: tuple[Destination, ...]
    timeout_ms: int | None = None
    retry: Retry | None = None
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """Routes for `hosts` (fully qualified, or a wildcard) as seen through `gateways` (`namespace/name`, or `mesh`)."""

    source: Source
    hosts: tuple[str, ...]
    gateways: tuple[str, ...] = (MESH_GATEWAY,)
    routes: tuple[Route, ...]
