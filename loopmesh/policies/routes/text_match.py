"""StringMatch: exactly one of exact, prefix and regex."""

from loopmesh.model.routes.text_match import TextMatch, TextMatchKind
from loopmesh.policies.fields import Fields
from loopmesh.policies.regular_expression import regex_problem

WRITTEN_KINDS: tuple[TextMatchKind, ...] = (TextMatchKind.EXACT, TextMatchKind.PREFIX, TextMatchKind.REGEX)
PRESENT = TextMatch(kind=TextMatchKind.PRESENT)


def read_text_match(fields: Fields) -> TextMatch:
    """Text that must match; an empty prefix would say nothing, and Envoy takes none."""
    match = _one_of(fields)
    if match.kind is TextMatchKind.PREFIX and not match.value:
        fields.refuse("prefix", "an empty prefix says nothing", "remove it, or write what the text starts with")
    return match


def read_path_match(fields: Fields) -> TextMatch:
    """A path's prefix may be empty: every path has it (Istio `validateHTTPRouteMatchRequest`)."""
    return _one_of(fields)


def read_presence_match(_: str, fields: Fields) -> TextMatch:
    """`{}` means it is there."""
    if fields.node.value is None:
        fields.refuse(None, "a condition is a mapping", "write `{}` if it only has to be there")
    if not any(fields.has(kind) for kind in WRITTEN_KINDS):
        return PRESENT
    return read_text_match(fields)


def read_absence_match(name: str, fields: Fields) -> TextMatch:
    """Here `regex: "*"`, though no expression, says the same in Istio (`validateHTTPRouteMatchRequest`)."""
    return PRESENT if fields.text("regex") == "*" else read_presence_match(name, fields)


def _one_of(fields: Fields) -> TextMatch:
    values = {kind: fields.text(kind) or "" for kind in WRITTEN_KINDS}
    given = [kind for kind in WRITTEN_KINDS if fields.has(kind)]
    if len(given) != 1:
        fields.refuse(None, "exactly one of exact, prefix, regex", "keep one of them")
        return PRESENT
    kind = given[0]
    if kind is TextMatchKind.REGEX and (rule := regex_problem(values[kind])):
        fields.refuse("regex", rule, "write it in RE2 syntax")
    return TextMatch(kind=kind, value=values[kind])
