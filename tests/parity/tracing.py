"""The spans that proxies sent of some calls, and how they differ from what a case expects."""

import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from loopmesh.observe import find_trace
from loopmesh.observe.span import Span
from tests.parity.case import Trace
from tests.parity.observation import header_differences, is_of

REQUEST_ID = "guid:x-request-id"
REASON = 14
"""Where in a request's id a proxy writes down why it is traced (Envoy `UUIDRequestIDExtension`)."""
PATIENCE_S = 4
SETTLED_S = 0.7
"""Proxies export every 0.2 s; what has not grown for this long is whole."""


def request_id(draw: int, number: int) -> str:
    """One whose share in the sampling by request id is `draw` of 10,000."""
    return f"{draw:08x}-0000-4000-8000-{number:012x}"


class Traces:
    """Of a running mesh, from the database its receiver writes."""

    def __init__(self, database: Path) -> None:
        self._database = database

    def differences(self, expected: Trace, request_ids: Iterable[str]) -> list[str]:
        """Waits until all is as expected and whole where something must be absent, or patience ends."""
        ids = sorted({_without_reason(one) for one in request_ids})
        must_settle = any(count == 0 for count in expected.spans.values())
        deadline = time.monotonic() + PATIENCE_S
        before, unchanged_since = -1, time.monotonic()
        while True:
            spans = [span for one in self._traces(ids) for span in find_trace(self._database, one)]
            found = list(_differences(expected, spans, ids))
            if len(spans) != before:
                before, unchanged_since = len(spans), time.monotonic()
            settled = not must_settle or time.monotonic() - unchanged_since > SETTLED_S
            if (not found and settled) or time.monotonic() > deadline:
                return found
            time.sleep(0.02)

    def _traces(self, ids: Iterable[str]) -> list[str]:
        found: dict[str, None] = {}
        query = f"""SELECT DISTINCT trace FROM spans WHERE json_extract(attributes, '$."{REQUEST_ID}"') LIKE ?"""  # noqa: S608
        connection = sqlite3.connect(f"file:{self._database}?mode=ro", uri=True)
        try:
            for one in ids:
                found |= dict.fromkeys(row[0] for row in connection.execute(query, (one,)))
        finally:
            connection.close()
        return list(found)


def _without_reason(value: str) -> str:
    return f"{value[:REASON]}_{value[REASON + 1 :]}"


def _differences(expected: Trace, spans: Iterable[Span], ids: Iterable[str]) -> Iterator[str]:
    """Only spans of requests count: where each attempt has another one differs with the control plane."""
    known = set(ids)
    requests = [span for span in spans if _without_reason(str(span.attributes.get(REQUEST_ID, ""))) in known]
    for prefix, count in expected.spans.items():
        of_one = [span for span in requests if is_of(span.instance, prefix)]
        least, most = (count, count) if isinstance(count, int) else count
        if not least <= len(of_one) <= most:
            all_of_them = sorted(f"{span.instance} {span.name}" for span in requests)
            yield f"{len(of_one)} spans of {prefix}'s proxies, not {count}; all: {all_of_them}"
    for prefix, tags in expected.tags.items():
        of_one = [span for span in requests if is_of(span.instance, prefix)]
        if not of_one:
            yield f"no span of {prefix}'s proxies to have tags"
        for span in of_one:
            yield from header_differences(f"the span of {span.instance} says", tags, _said(span))
    if expected.id is not None and (others := {span.trace for span in requests} - {expected.id}):
        yield f"the trace is {', '.join(sorted(others))}, not {expected.id}"


def _said(span: Span) -> Mapping[str, str]:
    tags = {name: str(value) for name, value in span.attributes.items()}
    return tags | {":kind": span.kind, ":failed": "true" if span.failed else "false"}
