"""An answer given by the proxy itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectResponse:
    """An HTTP status and a body of at most 1 MiB."""

    status: int
    body: bytes = b""
