"""Headers: what is set, added and removed on the way there and back."""

from collections.abc import Mapping

from loopmesh.model.routes.header_changes import HeaderChanges, HeaderOperations
from loopmesh.policies.fields import Fields
from loopmesh.policies.routes.header_names import HEADER, check_value, is_authority


def read_header_changes(fields: Fields) -> HeaderChanges:
    """The host may be rewritten in one place only."""
    request = fields.object("request", _request_operations) or HeaderOperations()
    response = fields.object("response", _response_operations) or HeaderOperations()
    if sum(map(is_authority, (*request.set, *request.add))) > 1:
        fields.refuse("request", "the host is rewritten twice", "keep one of them")
    return HeaderChanges(request=request, response=response)


def rewrites_authority(changes: HeaderChanges | None) -> bool:
    return changes is not None and any(map(is_authority, (*changes.request.set, *changes.request.add)))


def _request_operations(fields: Fields) -> HeaderOperations:
    return _operations(fields, may_rewrite_authority=True)


def _response_operations(fields: Fields) -> HeaderOperations:
    return _operations(fields, may_rewrite_authority=False)


def _operations(fields: Fields, *, may_rewrite_authority: bool) -> HeaderOperations:
    return HeaderOperations(
        set=_values(fields, "set", may_rewrite_authority),
        add=_values(fields, "add", may_rewrite_authority),
        remove=fields.texts("remove", _check_name),
    )


def _values(fields: Fields, key: str, may_rewrite_authority: bool) -> Mapping[str, str]:
    values = fields.labels(key)
    for name, value in values.items():
        if not (may_rewrite_authority and is_authority(name)) and (problem := _check_name(name)):
            fields.refuse(key, f"`{name}`: {problem[0]}", problem[1])
        if problem := check_value(value):
            fields.refuse(key, f"`{name}`: {problem[0]}", problem[1])
    return values


def _check_name(name: str) -> tuple[str, str] | None:
    """Istio `ValidateHTTPHeaderOperationName`; Envoy itself takes no names that are no tokens."""
    if name.startswith(":") or is_authority(name):
        return "this header cannot be changed here", "use `rewrite.authority`, or set `host` of the request"
    return None if HEADER.fullmatch(name) else ("this is no header name", "use letters, digits, `-` and `_`")
