"""What a request must look like, and who must send it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from loopmesh.model.routes.text_match import TextMatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A claim of the caller's token by its path (`("group", "id")`); `absent` turns the condition around."""

    path: tuple[str, ...]
    text: TextMatch
    absent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestMatch:
    """All given conditions must hold; header names are lower case.

    `without_headers` are conditions that must not hold. The last four say for which proxies the match counts at all:
    `port` is the one dialled, the labels and the namespace are the caller's; with `gateways` these two do not count.
    """

    name: str = ""
    path: TextMatch | None = None
    ignore_path_case: bool = False
    method: TextMatch | None = None
    authority: TextMatch | None = None
    scheme: TextMatch | None = None
    headers: Mapping[str, TextMatch] = field(default_factory=dict)
    without_headers: Mapping[str, TextMatch] = field(default_factory=dict)
    query: Mapping[str, TextMatch] = field(default_factory=dict)
    claims: tuple[Claim, ...] = ()
    statistics_name: str = ""
    port: int | None = None
    gateways: tuple[str, ...] = ()
    source_labels: Mapping[str, str] = field(default_factory=dict)
    source_namespace: str | None = None
