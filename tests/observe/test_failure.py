"""Who ended a call that failed, by the spans proxies send."""

import pytest

from loopmesh.observe import build_trace
from loopmesh.observe.failure import EndedBy, find_failure
from loopmesh.observe.span import Span, spans_of
from tests.observe.spans import CLIENT, SERVER, export


def failed(cluster: str) -> list[Span]:
    """What the caller's proxy, or the server's, sends: of the request, and of its only attempt."""
    found: list[Span] = []
    for number, kind in ((1, SERVER), (2, CLIENT)):
        sent = export(
            "call",
            number,
            number - 1,
            proxy=True,
            kind=kind,
            http__status_code="503",
            response_flags="UC",
            upstream_cluster=cluster,
        )
        found += spans_of(sent)
    return found


@pytest.mark.parametrize(
    ("cluster", "expected"),
    [
        ("outbound|8000||server.lab.svc.cluster.local", EndedBy.CALLER_PROXY),
        ("passthrough|8000||server.lab.svc.cluster.local", EndedBy.CALLER_PROXY),
        ("PassthroughCluster", EndedBy.CALLER_PROXY),
        ("inbound|8000||", EndedBy.SERVER_PROXY),
    ],
)
def test_a_connection_that_broke_is_told_by_the_proxy_that_opened_it(cluster: str, expected: EndedBy) -> None:
    failure = find_failure(build_trace(failed(cluster)))
    assert failure is not None
    assert failure.ended_by is expected
