"""Sending the caller elsewhere."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """What is None stays as in the request; `path` and `prefix` exclude each other.

    `request_port` puts the port the request came in on into the address, as an explicit `port` does.
    """

    path: str | None = None
    prefix: str | None = None
    authority: str | None = None
    scheme: str | None = None
    port: int | None = None
    request_port: bool = False
    code: int = 301
