"""Changes to headers, as Envoy's options (Istio `TranslateHeadersOperations`)."""

from collections.abc import Iterator, Mapping
from typing import Any

from envoy.config.core.v3.base_pb2 import HeaderValue, HeaderValueOption

from loopmesh.model.routes.header_changes import HeaderChanges, HeaderOperations

AUTHORITY = (":authority", "host")


def apply_header_changes(target: Any, changes: HeaderChanges | None) -> None:
    """Appends to a route or to a weighted cluster: both have the four lists by the same names."""
    if changes is None:
        return
    target.request_headers_to_add.extend(_additions(changes.request))
    target.request_headers_to_remove.extend(changes.request.remove)
    target.response_headers_to_add.extend(_additions(changes.response))
    target.response_headers_to_remove.extend(changes.response.remove)


def rewritten_authority(changes: HeaderChanges | None) -> str:
    """The host the changes set, which Envoy takes elsewhere; empty for none. `set` wins over `add`."""
    if changes is None:
        return ""
    written = {**changes.request.add, **changes.request.set}
    return next((value for name, value in written.items() if name.lower() in AUTHORITY), "")


def _additions(operations: HeaderOperations) -> Iterator[HeaderValueOption]:
    yield from _options(operations.set, HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD)
    yield from _options(operations.add, HeaderValueOption.APPEND_IF_EXISTS_OR_ADD)


def _options(values: Mapping[str, str], action: int) -> Iterator[HeaderValueOption]:
    for name, value in sorted(values.items()):
        if name.lower() not in AUTHORITY:
            yield HeaderValueOption(header=HeaderValue(key=name, value=value), append_action=action)
