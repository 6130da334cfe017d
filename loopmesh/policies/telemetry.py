"""Telemetry (telemetry.istio.io): what proxies tell about calls."""

from enum import StrEnum

from loopmesh.model.policy import WorkloadSelector
from loopmesh.model.problem import Problem
from loopmesh.model.span_tag import TagKind
from loopmesh.model.telemetry import BOTH_SIDES, LoggingRule, Side, Telemetry, TracingRule
from loopmesh.policies.document import Document, read_selector
from loopmesh.policies.fields import Fields
from loopmesh.policies.span_tags import read_span_tags

UNSUPPORTED = {
    "metrics": "stock Envoy lacks Istio's stats filter, so Istio's metrics do not exist here",
    "targetRef": "it attaches a policy to waypoints and gateways of the Gateway API",
    "targetRefs": "it attaches a policy to waypoints and gateways of the Gateway API",
}
UNSUPPORTED_OF_TRACING = {"disableContextPropagation": "stock Envoy cannot leave the context of a trace out"}
PERCENT = 100


class _Mode(StrEnum):
    CLIENT_AND_SERVER = "CLIENT_AND_SERVER"
    CLIENT = "CLIENT"
    SERVER = "SERVER"


SIDES = {
    _Mode.CLIENT_AND_SERVER: BOTH_SIDES,
    _Mode.CLIENT: frozenset({Side.CLIENT}),
    _Mode.SERVER: frozenset({Side.SERVER}),
}


def read_telemetry(document: Document, problems: list[Problem]) -> Telemetry:
    return Fields.read(document.spec, "spec", problems, lambda fields: _telemetry(document, fields))


def _telemetry(document: Document, fields: Fields) -> Telemetry:
    everyone = WorkloadSelector(namespace=document.namespace)
    fields.unsupported(UNSUPPORTED)
    return Telemetry(
        source=document.source,
        selector=fields.object("selector", lambda inside: read_selector(inside, document.namespace)) or everyone,
        tracing=fields.objects("tracing", _tracing),
        logging=fields.objects("accessLogging", _logging),
    )


def _tracing(fields: Fields) -> TracingRule:
    fields.unsupported(UNSUPPORTED_OF_TRACING)
    return TracingRule(
        sides=fields.object("match", _sides) or BOTH_SIDES,
        providers=_providers(fields),
        disabled=fields.boolean("disableSpanReporting"),
        sampling_percent=fields.number("randomSamplingPercentage", least=0, most=PERCENT),
        tags=read_span_tags(fields, tuple(TagKind)) or None,
        istio_tags=fields.boolean("enableIstioTags"),
        sampled_by_request_id=fields.boolean("useRequestIdForTraceSampling"),
    )


def _logging(fields: Fields) -> LoggingRule:
    return LoggingRule(
        sides=fields.object("match", _sides) or BOTH_SIDES,
        providers=_providers(fields),
        disabled=bool(fields.boolean("disabled")),
        condition=fields.object("filter", _condition) or "",
    )


def _sides(fields: Fields) -> frozenset[Side]:
    return SIDES[fields.choice("mode", _Mode) or _Mode.CLIENT_AND_SERVER]


def _providers(fields: Fields) -> tuple[str, ...]:
    return fields.objects("providers", lambda inside: inside.text("name", required=True) or "")


def _condition(fields: Fields) -> str:
    return fields.text("expression", required=True) or ""
