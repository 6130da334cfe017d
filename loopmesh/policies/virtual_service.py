"""VirtualService (networking.istio.io): how a request finds its destination."""

import re
from collections.abc import Callable

from loopmesh.model.problem import Problem
from loopmesh.model.routing import (
    MESH_GATEWAY,
    Destination,
    RequestMatch,
    Retry,
    Route,
    Routing,
    TextMatch,
    TextMatchKind,
)
from loopmesh.policies.document import Document
from loopmesh.policies.fields import Fields
from loopmesh.policies.host_names import qualify_gateway, qualify_host

MOST_ATTEMPTS = 2**31 - 1
MOST_WEIGHT = 2**31 - 1
RETRY_CONDITIONS = frozenset(
    {
        "5xx",
        "gateway-error",
        "reset",
        "reset-before-request",
        "connect-failure",
        "envoy-ratelimited",
        "retriable-4xx",
        "refused-stream",
        "retriable-status-codes",
        "retriable-headers",
        "http3-post-connect-failure",
        "cancelled",
        "deadline-exceeded",
        "internal",
        "resource-exhausted",
        "unavailable",
    }
)
"""Envoy's words for HTTP and gRPC (router filter, x-envoy-retry-on and x-envoy-retry-grpc-on)."""
WRITTEN_KINDS: tuple[TextMatchKind, ...] = (TextMatchKind.EXACT, TextMatchKind.PREFIX, TextMatchKind.REGEX)
NOT_IN_RE2 = re.compile(r"\(\?(?:[=!>]|<[=!])|\\[1-9]")


def read_virtual_service(document: Document, problems: list[Problem]) -> Routing:
    return Fields.read(document.spec, "spec", problems, lambda fields: _Reader(document).routing(fields))


class _Reader:
    def __init__(self, document: Document) -> None:
        self._document = document

    def routing(self, fields: Fields) -> Routing:
        namespace = self._document.namespace
        hosts = tuple(qualify_host(host, namespace) for host in fields.texts("hosts"))
        gateways = tuple(qualify_gateway(name, namespace) for name in fields.texts("gateways"))
        routes = fields.objects("http", self._route)
        if not hosts:
            fields.refuse(None, "`hosts` names at least one host", "add the host the routes are for")
        if not routes:
            fields.refuse(None, "`http` has at least one route", "add a route")
        return Routing(source=self._document.source, hosts=hosts, gateways=gateways or (MESH_GATEWAY,), routes=routes)

    def _route(self, fields: Fields) -> Route:
        destinations = fields.objects("route", self._destination)
        if not destinations:
            fields.refuse(None, "`route` has at least one destination", "add a destination")
        elif len(destinations) > 1 and not sum(one.weight for one in destinations):
            fields.refuse("route", "the weights add up to 0", "give a destination a weight")
        return Route(
            name=fields.text("name") or "",
            matches=fields.objects("match", _match),
            destinations=destinations,
            timeout_ms=_timeout_ms(fields),
            retry=fields.object("retries", _retry),
            source=self._document.source_at(fields.origin),
        )

    def _destination(self, fields: Fields) -> Destination:
        weight = fields.integer("weight", least=0, most=MOST_WEIGHT) or 0
        source = self._document.source_at(fields.origin)
        target = fields.object("destination", self._target)
        if target is None:
            fields.refuse(None, "`destination` is required", "add `destination: {host: …}`")
            target = ("", None, None)
        host, port, subset = target
        return Destination(host=host, port=port, subset=subset, weight=weight, source=source)

    def _target(self, fields: Fields) -> tuple[str, int | None, str | None]:
        host = fields.text("host", required=True) or ""
        return qualify_host(host, self._document.namespace), fields.object("port", read_port), fields.text("subset")


def read_port(fields: Fields) -> int | None:
    """A port selector: `{number: 50051}`."""
    return fields.integer("number", least=1, most=65535)


def _timeout_ms(fields: Fields) -> int | None:
    """`0s` switches the timeout off, as none at all does."""
    return None if fields.text("timeout") == "0s" else fields.duration_ms("timeout")


def _match(fields: Fields) -> RequestMatch:
    headers = fields.named_objects("headers", lambda _, inside: text_match(inside, may_be_empty=True))
    return RequestMatch(
        name=fields.text("name") or "",
        path=fields.object("uri", text_match),
        ignore_path_case=bool(fields.boolean("ignoreUriCase")),
        method=fields.object("method", text_match),
        authority=fields.object("authority", text_match),
        headers={name.lower(): match for name, match in headers.items()},
    )


def text_match(fields: Fields, *, may_be_empty: bool = False) -> TextMatch:
    """Exactly one of exact, prefix and regex (Istio `StringMatch`); an empty one means the header is there."""
    values = {kind: fields.text(kind) or "" for kind in WRITTEN_KINDS}
    given = [kind for kind in WRITTEN_KINDS if fields.has(kind)]
    if not given and may_be_empty:
        return TextMatch(kind=TextMatchKind.PRESENT)
    if len(given) != 1:
        fields.refuse(None, "exactly one of exact, prefix, regex", "keep one of them")
        return TextMatch(kind=TextMatchKind.PRESENT)
    kind = given[0]
    if kind is TextMatchKind.REGEX:
        check_regex(values[kind], lambda rule: fields.refuse("regex", rule, "write it in RE2 syntax"))
    if kind is TextMatchKind.PREFIX and not values[kind]:
        fields.refuse("prefix", "an empty prefix matches nothing in Istio", "remove it, or write what it starts with")
    return TextMatch(kind=kind, value=values[kind])


def check_regex(pattern: str, refuse: Callable[[str], None]) -> None:
    """Regular expressions are RE2: no look-around, no back-references."""
    found = NOT_IN_RE2.search(pattern)
    if found:
        refuse(f"RE2 has no {found.group()!r}")
        return
    try:
        re.compile(pattern)
    except re.error as error:
        refuse(f"the expression is broken: {error}")


def _retry(fields: Fields) -> Retry:
    attempts = fields.integer("attempts", least=0, most=MOST_ATTEMPTS)
    conditions = tuple(word.strip() for word in (fields.text("retryOn") or "").split(",") if word.strip())
    for word in conditions:
        if word not in RETRY_CONDITIONS and not _is_status(word):
            fields.refuse("retryOn", f"`{word}` is no retry condition", f"use {', '.join(sorted(RETRY_CONDITIONS))}")
    per_try_timeout_ms = fields.duration_ms("perTryTimeout")
    if attempts == 0 and (conditions or per_try_timeout_ms):
        fields.refuse("attempts", "0 attempts retry nothing, so nothing else may be said", "keep `attempts: 0` alone")
    return Retry(attempts=attempts or 0, conditions=conditions, per_try_timeout_ms=per_try_timeout_ms)


def _is_status(word: str) -> bool:
    return word.isdigit() and 100 <= int(word) <= 599
