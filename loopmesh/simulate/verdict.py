"""How a call can end."""

from enum import StrEnum
from http import HTTPStatus


class Verdict(StrEnum):
    REACHES = "reaches"
    """It comes to the program; what the program answers is not known here."""
    DENIED = "denied"
    UNAUTHENTICATED = "unauthenticated"
    ANSWERED = "answered"
    """A proxy answers by itself, as a policy says."""
    REDIRECTED = "redirected"
    ABORTED = "aborted"
    """A fault is injected."""
    NO_ROUTE = "no route"
    NO_CLUSTER = "no cluster"
    """The route leads to a destination the proxy does not have."""
    NO_INSTANCE = "no instance"
    ASKED = "asked"
    """An authorizer of a CUSTOM policy is asked, and decides."""
    REFUSED = "refused"
    """The server's proxy does not take the connection."""
    LEAVES = "leaves the mesh"
    """It goes where no proxy of the mesh listens; whether anybody is there is not known here."""
    UNFORESEEN = "not foreseen"
    """A part of the configuration decides that is not simulated: an EnvoyFilter has put it in."""
    UNKNOWN = "unknown"
    """The server's configuration is not at hand."""


STOPPED_BY = {
    "JWT": Verdict.UNAUTHENTICATED,
    "CORS": Verdict.ANSWERED,
    "HEADERS": Verdict.ANSWERED,
    "PATH": Verdict.ANSWERED,
    "TRANSLATION": Verdict.ANSWERED,
}
"""By the action of the check that stopped a request; everything else denies it."""
OK = 0
GRPC_STATUSES = {
    HTTPStatus.BAD_REQUEST: 13,
    HTTPStatus.UNAUTHORIZED: 16,
    HTTPStatus.FORBIDDEN: 7,
    HTTPStatus.NOT_FOUND: 12,
    HTTPStatus.TOO_MANY_REQUESTS: 14,
    HTTPStatus.BAD_GATEWAY: 14,
    HTTPStatus.SERVICE_UNAVAILABLE: 14,
    HTTPStatus.GATEWAY_TIMEOUT: 14,
}
"""Envoy `Grpc::Utility::httpToGrpcStatus`; every other status but 200 is UNKNOWN."""
UNKNOWN_STATUS = 2


def grpc_status(http_status: int) -> int:
    """What a gRPC client is told when a proxy answers with this HTTP status."""
    if http_status == HTTPStatus.OK:
        return OK
    return next((grpc for http, grpc in GRPC_STATUSES.items() if http == http_status), UNKNOWN_STATUS)
