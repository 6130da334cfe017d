"""Which foreign web pages may call (Fetch standard, CORS protocol)."""

from dataclasses import dataclass

from loopmesh.model.routes.text_match import TextMatch


@dataclass(frozen=True, slots=True, kw_only=True)
class CorsPolicy:
    """`forward_unmatched_preflights` lets preflights of other origins through to the destination."""

    origins: tuple[TextMatch, ...] = ()
    methods: tuple[str, ...] = ()
    request_headers: tuple[str, ...] = ()
    exposed_headers: tuple[str, ...] = ()
    max_age_s: int | None = None
    credentials: bool | None = None
    forward_unmatched_preflights: bool = True
