"""Envoy's response flags in plain words (Envoy docs, access log, `%RESPONSE_FLAGS%`)."""

from dataclasses import dataclass
from enum import StrEnum


class Part(StrEnum):
    """Which part of the configuration a flag points to."""

    ROUTE = "route"
    DESTINATION = "destination"
    INSTANCE = "instance"
    AUTHORIZATION = "authorization"
    CALLER = "caller"
    PROXY = "proxy"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseFlag:
    """`words` continue `the proxy ended the call:`; `remedy` says where to look."""

    words: str
    part: Part
    remedy: str


FLAGS = {
    "UH": ResponseFlag(
        words="no instance of the destination is healthy",
        part=Part.INSTANCE,
        remedy="see `mesh status`; ejected instances come back after `baseEjectionTime`",
    ),
    "UF": ResponseFlag(
        words="no connection to the instance could be opened",
        part=Part.INSTANCE,
        remedy="see whether it runs, and whether both sides agree on mutual TLS",
    ),
    "UO": ResponseFlag(
        words="a limit of the destination was reached",
        part=Part.DESTINATION,
        remedy="raise `connectionPool`, or run more instances",
    ),
    "NR": ResponseFlag(
        words="no route takes the request", part=Part.ROUTE, remedy="add a route for it, or send what a route asks for"
    ),
    "NC": ResponseFlag(
        words="the route leads to a destination the proxy does not have",
        part=Part.ROUTE,
        remedy="add the subset to the host's DestinationRule, or mend the destination",
    ),
    "URX": ResponseFlag(
        words="every try failed, and no more are allowed", part=Part.ROUTE, remedy="see why the tries failed"
    ),
    "UT": ResponseFlag(
        words="the answer did not come within the route's timeout",
        part=Part.ROUTE,
        remedy="raise `timeout`, or `perTryTimeout` where there is one, or make the program faster",
    ),
    "DT": ResponseFlag(
        words="the call took longer than the longest time a request or connection may take",
        part=Part.ROUTE,
        remedy="raise the limit, or make the call shorter",
    ),
    "UMSDR": ResponseFlag(
        words="the call took longer than a stream to the instance may take",
        part=Part.ROUTE,
        remedy="raise the limit, or make the call shorter",
    ),
    "UC": ResponseFlag(
        words="the instance closed the connection before it answered",
        part=Part.INSTANCE,
        remedy="see the instance's log: it may have crashed or been stopped",
    ),
    "UR": ResponseFlag(
        words="the instance reset the call", part=Part.INSTANCE, remedy="see the instance's log for the reason"
    ),
    "LR": ResponseFlag(
        words="the proxy reset the connection to the instance", part=Part.PROXY, remedy="see the proxy's log"
    ),
    "UPE": ResponseFlag(
        words="the instance answered something that is not its protocol",
        part=Part.INSTANCE,
        remedy="compare the port's name, which says the protocol, with what the program speaks",
    ),
    "LH": ResponseFlag(
        words="the instance failed its health check", part=Part.INSTANCE, remedy="see `mesh status` for the reason"
    ),
    "DC": ResponseFlag(
        words="the caller went away before the answer came: it cancelled, or its own deadline passed",
        part=Part.CALLER,
        remedy="give the caller a longer deadline, or make the call faster",
    ),
    "DR": ResponseFlag(
        words="the caller reset the call", part=Part.CALLER, remedy="see the caller's log for the reason"
    ),
    "DPE": ResponseFlag(
        words="the caller sent something that is no valid HTTP", part=Part.CALLER, remedy="mend the caller"
    ),
    "IH": ResponseFlag(
        words="the caller sent an x-envoy header with a bad value", part=Part.CALLER, remedy="mend or drop the header"
    ),
    "SI": ResponseFlag(
        words="nothing was sent on the call for too long", part=Part.PROXY, remedy="raise the idle timeout"
    ),
    "DI": ResponseFlag(words="a delay was injected", part=Part.ROUTE, remedy="remove `fault.delay` from the route"),
    "FI": ResponseFlag(words="a failure was injected", part=Part.ROUTE, remedy="remove `fault.abort` from the route"),
    "RL": ResponseFlag(
        words="a rate limit was reached", part=Part.AUTHORIZATION, remedy="call less often, or raise the limit"
    ),
    "RLSE": ResponseFlag(
        words="the service that counts for the rate limit failed",
        part=Part.AUTHORIZATION,
        remedy="see the log of that service",
    ),
    "UAEX": ResponseFlag(
        words="authorization denied the call",
        part=Part.AUTHORIZATION,
        remedy="see what the authorization service answered",
    ),
    "RFCF": ResponseFlag(words="the answer came from a cache", part=Part.PROXY, remedy="nothing is wrong"),
    "NFCF": ResponseFlag(
        words="a filter has not got its configuration", part=Part.PROXY, remedy="see `mesh status` for refused ones"
    ),
    "OM": ResponseFlag(
        words="the proxy is overloaded", part=Part.PROXY, remedy="give the machine more memory, or call less"
    ),
    "DF": ResponseFlag(
        words="the destination's name could not be resolved", part=Part.DESTINATION, remedy="mend the host's name"
    ),
    "DO": ResponseFlag(
        words="calls are dropped because of overload", part=Part.DESTINATION, remedy="lower the drop ratio"
    ),
    "UDO": ResponseFlag(
        words="all calls to the destination are dropped", part=Part.DESTINATION, remedy="lower the drop ratio"
    ),
}


def flags_of(text: str) -> tuple[str, ...]:
    """`UF,URX` as an access log or a span has it; `-` is none."""
    return tuple(flag for flag in text.split(",") if flag and flag != "-")


def words_of(text: str) -> str:
    """All flags in words; one this table does not know stays as it is."""
    return "; ".join(FLAGS[flag].words if flag in FLAGS else flag for flag in flags_of(text))
