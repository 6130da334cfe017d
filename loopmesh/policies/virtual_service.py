"""VirtualService (networking.istio.io): how a request finds its destination."""

import re
from collections import Counter
from http import HTTPStatus

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
from loopmesh.policies.host_names import check_host, check_label, overlapping, qualify_gateway, qualify_host
from loopmesh.policies.regular_expression import regex_problem

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
STATUS_CODES = frozenset(str(status.value) for status in HTTPStatus)
HEADER = re.compile(r"[-_A-Za-z0-9]+")


def read_virtual_service(document: Document, problems: list[Problem]) -> Routing:
    return Fields.read(document.spec, "spec", problems, lambda fields: _Reader(document).routing(fields))


class _Reader:
    def __init__(self, document: Document) -> None:
        self._document = document

    def routing(self, fields: Fields) -> Routing:
        namespace = self._document.namespace
        hosts = tuple(qualify_host(host, namespace) for host in fields.texts("hosts", check_host))
        gateways = tuple(qualify_gateway(name, namespace) for name in fields.texts("gateways", _check_gateway))
        routes = fields.objects("http", self._route)
        if not hosts:
            fields.refuse(None, "`hosts` names at least one host", "add the host the routes are for")
        if not fields.has("http") or fields.is_empty("http"):
            fields.refuse(None, "`http` has at least one route", "add a route")
        if "*" in hosts and MESH_GATEWAY in (gateways or (MESH_GATEWAY,)):
            fields.refuse("hosts", "in the mesh, `*` is no host", "name the host, or the gateway the routes are for")
        for earlier, later in overlapping(hosts):
            fields.refuse("hosts", f"`{hosts[earlier]}` and `{hosts[later]}` overlap", "keep one of the two")
        return Routing(source=self._document.source, hosts=hosts, gateways=gateways or (MESH_GATEWAY,), routes=routes)

    def _route(self, fields: Fields) -> Route:
        destinations = fields.objects("route", self._destination)
        if not fields.has("route") or fields.is_empty("route"):
            fields.refuse(None, "`route` has at least one destination", "add a destination")
        elif len(destinations) > 1 and not sum(one.weight for one in destinations):
            fields.refuse("route", "the weights add up to 0", "give a destination a weight")
        return Route(
            name=fields.text("name") or "",
            matches=fields.objects("match", _match),
            destinations=destinations,
            timeout_ms=fields.duration_ms("timeout"),
            retry=fields.object("retries", _retry),
            source=self._document.source_at(fields.origin),
        )

    def _destination(self, fields: Fields) -> Destination:
        weight = fields.integer("weight", least=0, most=MOST_WEIGHT) or 0
        source = self._document.source_at(fields.origin)
        target = fields.object("destination", self._target)
        if target is None:
            fields.refuse(None, "`destination` is required", "add `destination: {host: …}`")
        host, port, subset = target or ("", None, None)
        return Destination(host=host, port=port, subset=subset, weight=weight, source=source)

    def _target(self, fields: Fields) -> tuple[str, int | None, str | None]:
        host = fields.text("host", required=True, check=_check_destination) or ""
        port = fields.object("port", _port)
        return qualify_host(host, self._document.namespace), port, fields.text("subset", check=check_label)


def _port(fields: Fields) -> int | None:
    """A port selector: `{number: 50051}`."""
    if not fields.has("number"):
        fields.refuse(None, "`number` is required", "add `number`, or remove `port`")
    return fields.integer("number", least=1, most=65535)


def _check_destination(host: str) -> tuple[str, str] | None:
    return ("a destination is one host", "write it without `*`") if "*" in host else check_host(host)


def _check_gateway(name: str) -> tuple[str, str] | None:
    """`edge`, `namespace/edge` or `mesh` (Istio `validateGatewayNames`)."""
    namespace, slash, own = name.rpartition("/")
    if check_label(own) or (slash and check_label(namespace)):
        return "a gateway is `name` or `namespace/name`", "write it like that"
    return None


def _match(fields: Fields) -> RequestMatch:
    headers = fields.named_objects("headers", _header)
    for name, times in Counter(name.lower() for name in headers).items():
        if not HEADER.fullmatch(name):
            fields.refuse("headers", f"`{name}` is no header name", "use letters, digits, `-` and `_`")
        if times > 1:
            fields.refuse("headers", f"`{name}` is there twice, for case makes no difference", "keep one of them")
    return RequestMatch(
        name=fields.text("name") or "",
        path=fields.object("uri", text_match),
        ignore_path_case=bool(fields.boolean("ignoreUriCase")),
        method=fields.object("method", text_match),
        authority=fields.object("authority", text_match),
        headers={name.lower(): match for name, match in headers.items()},
    )


def _header(_: str, fields: Fields) -> TextMatch:
    """`{}` means the header is there; `regex: "*"`, though no expression, says the same in Istio."""
    if fields.node.value is None:
        fields.refuse(None, "a header's condition is a mapping", "write `{}` if the header only has to be there")
    if fields.text("regex") == "*":
        return TextMatch(kind=TextMatchKind.PRESENT)
    return text_match(fields, may_be_empty=True)


def text_match(fields: Fields, *, may_be_empty: bool = False) -> TextMatch:
    """Exactly one of exact, prefix and regex (Istio `StringMatch`)."""
    values = {kind: fields.text(kind) or "" for kind in WRITTEN_KINDS}
    given = [kind for kind in WRITTEN_KINDS if fields.has(kind)]
    if not given and may_be_empty:
        return TextMatch(kind=TextMatchKind.PRESENT)
    if len(given) != 1:
        fields.refuse(None, "exactly one of exact, prefix, regex", "keep one of them")
        return TextMatch(kind=TextMatchKind.PRESENT)
    kind = given[0]
    if kind is TextMatchKind.REGEX and (rule := regex_problem(values[kind])):
        fields.refuse("regex", rule, "write it in RE2 syntax")
    if kind is TextMatchKind.PREFIX and not values[kind]:
        fields.refuse("prefix", "an empty prefix says nothing", "remove it, or write what the text starts with")
    return TextMatch(kind=kind, value=values[kind])


def _retry(fields: Fields) -> Retry:
    """Without `attempts` there are none, the zero of Istio's field."""
    attempts = fields.integer("attempts", least=0, most=MOST_ATTEMPTS)
    retry_on = fields.text("retryOn", check=_check_conditions) or ""
    per_try_timeout_ms = fields.duration_ms("perTryTimeout")
    is_off = attempts == 0 or not fields.has("attempts")
    if is_off and (fields.has("retryOn") or fields.has("perTryTimeout")):
        rule = "without `attempts`, or with 0, nothing is retried, so nothing else may be said"
        fields.refuse("attempts" if fields.has("attempts") else None, rule, "write how often, or `attempts: 0` alone")
    conditions = tuple(retry_on.split(",")) if retry_on else ()
    return Retry(attempts=attempts or 0, conditions=conditions, per_try_timeout_ms=per_try_timeout_ms)


def _check_conditions(words: str) -> tuple[str, str] | None:
    for word in words.split(",") if words else ():
        if word != word.strip():
            return f"Istio takes no spaces around `{word.strip()}`", "write the words with commas only"
        if word not in RETRY_CONDITIONS and word not in STATUS_CODES:
            return f"`{word}` is no retry condition", f"use {', '.join(sorted(RETRY_CONDITIONS))} or a status code"
    return None
