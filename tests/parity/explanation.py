"""Whether what `mesh explain` says of a call is what happens when it is made."""

import time
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.explain.live_call import LiveMesh
from loopmesh.model.patch import Target
from loopmesh.simulate import Call as Explanation
from loopmesh.simulate import Request, Verdict
from loopmesh.simulate.outcome import Outcome
from loopmesh.simulate.request import STREAM, TLS
from tests.parity.case import Call
from tests.parity.observation import Observation

HTTP_STATUS_OF = {"PERMISSION_DENIED": 403, "UNAUTHENTICATED": 401}
ENDED = {
    Verdict.REFUSED,
    Verdict.DENIED,
    Verdict.NO_CLUSTER,
    Verdict.NO_INSTANCE,
    Verdict.NO_ROUTE,
    Verdict.LEAVES,
}
"""What a connection without an answer may have come to."""
LEFT_OPEN = {Verdict.ASKED, Verdict.UNFORESEEN}
PASSING = (503, 504)
"""Limits, timeouts and ejected instances: of calls that would reach a program some do not."""


def explained(mesh: LiveMesh, status: admin_pb2.GetStatusResponse, call: Call) -> Explanation:
    """`mesh` and `status` may be those of an earlier call under the same policies."""
    if call.sender.startswith("edge/"):
        url = status.edge[call.sender.removeprefix("edge/")]
        return mesh.simulate_arrival(url, _request(call))
    return mesh.simulate(_caller(status, call), _request(call))


def surprises(told: Explanation, seen: Sequence[Observation]) -> Iterator[str]:
    """What happened and was not told."""
    is_tls = told.outbound.request.scheme == "https"
    for one in seen:
        # What somebody outside shows and speaks by TLS is not known to an explanation.
        if not (one.refused and is_tls) and not _happened(one, told.outcomes):
            yield f"explained as {told.outcomes}, but seen {one}"


def _caller(status: admin_pb2.GetStatusResponse, call: Call) -> str:
    return next(one.name for one in status.workloads if one.name.startswith(f"{call.sender}-"))


def _request(call: Call) -> Request:
    kind, _, target = call.call.partition(" ")
    if kind == STREAM:
        return Request(authority=target, path="", method=STREAM)
    if call.own_server_name:
        authority = target.removeprefix("https://").partition("/")[0]
        return Request(authority=authority, path="", method=TLS, server_name=call.own_server_name)
    headers = {name.lower(): value for name, value in call.headers.items()}
    if kind == "GRPC":
        authority, _, method = target.partition("/")
        return Request.grpc(authority, f"/{method}", headers, time.time())
    parts = urlsplit(target)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Request(authority=parts.netloc, path=path, method=kind, headers=headers, made_at_s=time.time())


def _happened(seen: Observation, told: tuple[Outcome, ...]) -> bool:
    """One of the outcomes that were told is the one that was seen."""
    verdicts = {outcome.verdict for outcome in told}
    if verdicts & LEFT_OPEN:
        return True
    if seen.answered_by:
        if Verdict.LEAVES in verdicts and seen.answered_by.startswith("outside-"):
            return True
        return any(one.verdict is Verdict.REACHES and seen.answered_by == one.workload for one in told)
    status = seen.status or HTTP_STATUS_OF.get(seen.grpc, 0)
    if seen.refused:
        return bool(verdicts & ENDED)
    if status == 401 or "Jwt" in seen.body:
        return Verdict.UNAUTHENTICATED in verdicts
    if status == 403:
        return Verdict.DENIED in verdicts
    if 300 <= status < 400:
        return Verdict.REDIRECTED in verdicts
    if status == 404:
        return bool(verdicts & {Verdict.NO_ROUTE, Verdict.ANSWERED, Verdict.ABORTED})
    if status in PASSING and any(one.verdict is Verdict.DENIED and _is_closed(one) for one in told):
        return True
    others = {Verdict.ANSWERED, Verdict.ABORTED, Verdict.NO_INSTANCE, Verdict.NO_CLUSTER, Verdict.REFUSED}
    if status in PASSING or seen.grpc:
        others |= {Verdict.REACHES, Verdict.LEAVES}
    return bool(verdicts & others)


def _is_closed(told: Outcome) -> bool:
    """A connection that is denied is closed, whatever is asked on it."""
    return any(part.target is Target.NETWORK_FILTER for part in told.patched)
