"""Which spans a listener makes, of settings and policies (Istio `Telemetries.Tracing`, `configureTracing`)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from loopmesh.compile.tracing import EVERY_CALL
from loopmesh.model.mesh_settings import MeshSettings
from loopmesh.model.provider import SpanCollector
from loopmesh.model.span_tag import SpanTag, TagKind
from loopmesh.model.telemetry import Side, Telemetry, TracingRule
from loopmesh.model.topology import Workload

ISTIO_SAMPLING_PERCENT = 1.0
"""What Istio samples where a provider is named and no percentage (PILOT_TRACE_SAMPLING)."""
LATEST = "latest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans:
    sampling_percent: float
    tags: tuple[SpanTag, ...]
    longest_path_tag: int | None
    sampled_by_request_id: bool = True


def chosen_spans(
    settings: MeshSettings, telemetries: Sequence[Telemetry], workload: Workload, side: Side
) -> Spans | None:
    """None for no spans at all."""
    rules = [rule for telemetry in telemetries for rule in telemetry.tracing]
    if not rules and not settings.default_tracing:
        return _of_settings(settings, workload) if settings.tracing.enabled else None
    merged = TracingRule(providers=settings.default_tracing)
    for rule in rules:
        if side in rule.sides:
            merged = _merge(merged, rule)
    collector = settings.provider(merged.providers[0]) if merged.providers else None
    if merged.disabled or not isinstance(collector, SpanCollector):
        return None
    return _of_rule(settings, merged, collector, workload)


def _of_settings(settings: MeshSettings, workload: Workload) -> Spans:
    """Istio has no collector here and records nothing; a mesh on one machine always has one."""
    defaults = settings.tracing
    return Spans(
        sampling_percent=defaults.sampling_percent or EVERY_CALL,
        tags=(*(_istio_tags(settings, workload) if defaults.istio_tags else ()), *defaults.tags),
        longest_path_tag=defaults.longest_path_tag,
    )


def _of_rule(settings: MeshSettings, rule: TracingRule, collector: SpanCollector, workload: Workload) -> Spans:
    """The mesh's tags count where the policies have none, its `istio_tags` never."""
    sampling = rule.sampling_percent
    if sampling is None:
        sampling = settings.tracing.sampling_percent or ISTIO_SAMPLING_PERCENT
    tags = settings.tracing.tags if rule.tags is None else rule.tags
    return Spans(
        sampling_percent=sampling,
        tags=(*(_istio_tags(settings, workload) if rule.istio_tags is not False else ()), *tags),
        longest_path_tag=collector.longest_path_tag or settings.tracing.longest_path_tag,
        sampled_by_request_id=rule.sampled_by_request_id is not False,
    )


def _merge(wider: TracingRule, rule: TracingRule) -> TracingRule:
    return replace(
        wider,
        providers=rule.providers or wider.providers,
        disabled=wider.disabled if rule.disabled is None else rule.disabled,
        sampling_percent=wider.sampling_percent if rule.sampling_percent is None else rule.sampling_percent,
        tags=wider.tags if rule.tags is None else rule.tags,
        istio_tags=wider.istio_tags if rule.istio_tags is None else rule.istio_tags,
        sampled_by_request_id=(
            wider.sampled_by_request_id if rule.sampled_by_request_id is None else rule.sampled_by_request_id
        ),
    )


def _istio_tags(settings: MeshSettings, workload: Workload) -> Iterator[SpanTag]:
    """Those Istio puts on every span unless it is told not to (`buildServiceTags`)."""
    values = {
        "istio.canonical_revision": workload.version or LATEST,
        "istio.canonical_service": workload.service,
        "istio.mesh_id": settings.trust_domain,
        "istio.namespace": workload.namespace,
        "istio.cluster_id": "Kubernetes",
    }
    return (SpanTag(name=name, kind=TagKind.LITERAL, value=value) for name, value in values.items())
