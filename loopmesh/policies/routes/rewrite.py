"""HTTPRewrite: changing where a request says it goes."""

from loopmesh.model.routes.rewrite import PathSubstitution, Rewrite
from loopmesh.policies.fields import Fields
from loopmesh.policies.regular_expression import regex_problem


def read_rewrite(fields: Fields) -> Rewrite:
    """Istio `validateHTTPRewrite`."""
    rewrite = Rewrite(
        path=fields.text("uri") or None,
        substitution=fields.object("uriRegexRewrite", _substitution),
        authority=fields.text("authority") or None,
    )
    if rewrite.path and rewrite.substitution:
        fields.refuse("uriRegexRewrite", "`uri` and `uriRegexRewrite` exclude each other", "keep one of them")
    if not (rewrite.path or fields.has("uriRegexRewrite") or rewrite.authority):
        fields.refuse(None, "a rewrite changes something", "add `uri`, `uriRegexRewrite` or `authority`")
    return rewrite


def _substitution(fields: Fields) -> PathSubstitution:
    pattern = fields.text("match", required=True) or ""
    if pattern and (rule := regex_problem(pattern)):
        fields.refuse("match", rule, "write it in RE2 syntax")
    return PathSubstitution(pattern=pattern, replacement=fields.text("rewrite", required=True) or "")
