"""Changing where a request says it goes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PathSubstitution:
    r"""Every part of the path that `pattern` (RE2) finds becomes `replacement`, in which `\1` is its first group."""

    pattern: str
    replacement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """`path` replaces the part of the path that matched, `authority` the host."""

    path: str | None = None
    substitution: PathSubstitution | None = None
    authority: str | None = None
