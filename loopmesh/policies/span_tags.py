"""Tags on spans, as mesh config and Telemetry write them."""

from functools import partial

from loopmesh.model.span_tag import SpanTag, TagKind
from loopmesh.policies.fields import Fields

VALUE_KEY = {TagKind.LITERAL: "value", TagKind.ENVIRONMENT: "name", TagKind.HEADER: "name", TagKind.FORMATTER: "value"}
HAS_DEFAULT = (TagKind.ENVIRONMENT, TagKind.HEADER)


def read_span_tags(fields: Fields, kinds: tuple[TagKind, ...]) -> tuple[SpanTag, ...]:
    """`customTags`, sorted by name as Istio does; each of exactly one of the kinds."""
    tags = fields.named_objects("customTags", partial(_tag, kinds))
    return tuple(tag for _, tag in sorted(tags.items()) if tag is not None)


def _tag(kinds: tuple[TagKind, ...], name: str, fields: Fields) -> SpanTag | None:
    found = {kind: fields.object(kind, partial(_source, kind)) for kind in kinds}
    given = [kind for kind in kinds if fields.has(kind)]
    if len(given) != 1:
        fields.refuse(None, f"exactly one of {', '.join(kinds)}", "keep one of them")
        return None
    value, default = found[given[0]] or ("", "")
    return SpanTag(name=name, kind=given[0], value=value, default=default)


def _source(kind: TagKind, fields: Fields) -> tuple[str, str]:
    value = fields.text(VALUE_KEY[kind], required=True) or ""
    return value, (fields.text("defaultValue") or "") if kind in HAS_DEFAULT else ""
