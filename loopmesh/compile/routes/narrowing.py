"""A condition within another one (Istio `mergeHTTPMatchRequest`, `hasConflict`)."""

from collections.abc import Iterator
from dataclasses import replace

from loopmesh.model.routes.request_match import RequestMatch
from loopmesh.model.routes.text_match import TextMatch, TextMatchKind


def narrowed(wide: RequestMatch, match: RequestMatch) -> RequestMatch | None:
    """Both conditions as one; None if they contradict each other, as far as Istio sees it."""
    if any(_contradict(*pair) for pair in _pairs(wide, match)) or not _same_callers(wide, match):
        return None
    asked = {(claim.path, claim.absent) for claim in match.claims}
    claims = [claim for claim in wide.claims if (claim.path, claim.absent) not in asked]
    return replace(
        match,
        name="-".join(name for name in (wide.name, match.name) if name),
        path=match.path or wide.path,
        method=match.method or wide.method,
        authority=match.authority or wide.authority,
        scheme=match.scheme or wide.scheme,
        headers={**wide.headers, **match.headers},
        without_headers={**wide.without_headers, **match.without_headers},
        query={**wide.query, **match.query},
        claims=(*claims, *match.claims),
        statistics_name=match.statistics_name or wide.statistics_name,
        port=match.port or wide.port,
        gateways=match.gateways or wide.gateways,
        source_labels={**wide.source_labels, **match.source_labels},
        source_namespace=match.source_namespace or wide.source_namespace,
    )


def _pairs(wide: RequestMatch, match: RequestMatch) -> Iterator[tuple[TextMatch | None, TextMatch | None]]:
    """Conditions of both on the same piece of text."""
    yield wide.path, match.path
    yield wide.method, match.method
    yield wide.authority, match.authority
    yield wide.scheme, match.scheme
    for outer, own in ((wide.headers, match.headers), (wide.without_headers, match.without_headers)):
        for name, text in own.items():
            yield outer.get(name), text
    for name, text in match.query.items():
        yield wide.query.get(name), text
    claims = {(claim.path, claim.absent): claim.text for claim in wide.claims}
    for claim in match.claims:
        yield claims.get((claim.path, claim.absent)), claim.text


def _contradict(wide: TextMatch | None, text: TextMatch | None) -> bool:
    """A text is within a prefix of it, or the same; of regular expressions Istio cannot tell, and takes neither."""
    if wide is None or text is None:
        return False
    if wide.kind is TextMatchKind.EXACT:
        return text != wide
    is_within = text.kind in (TextMatchKind.EXACT, TextMatchKind.PREFIX) and text.value.startswith(wide.value)
    return not (wide.kind is TextMatchKind.PREFIX and is_within)


def _same_callers(wide: RequestMatch, match: RequestMatch) -> bool:
    shared = wide.source_labels.keys() & match.source_labels.keys()
    return (
        wide.ignore_path_case == match.ignore_path_case
        and (wide.port is None or match.port in (None, wide.port))
        and wide.source_namespace in (None, match.source_namespace)
        and all(wide.source_labels[name] == match.source_labels[name] for name in shared)
        and (not wide.gateways or set(match.gateways) <= set(wide.gateways))
    )
