"""What is called: conditions on the operation and the connection's target, as Envoy's RBAC permissions."""

from collections.abc import Callable, Sequence

from envoy.config.core.v3.extension_pb2 import TypedExtensionConfig
from envoy.config.rbac.v3.rbac_pb2 import Permission
from envoy.extensions.path.match.uri_template.v3.uri_template_match_pb2 import UriTemplateMatchConfig
from envoy.type.matcher.v3.path_pb2 import PathMatcher
from envoy.type.matcher.v3.value_pb2 import ValueMatcher

from loopmesh.compile.address_range import address_range
from loopmesh.compile.messages import pack
from loopmesh.compile.noted import any_value, in_list, noted
from loopmesh.compile.text_pattern import header_matcher, text_matcher
from loopmesh.model.authorization import Aspect, Condition, Conditions

Key = tuple[str, ...]
Make = Callable[[Key, Sequence[str]], Permission]
"""A permission for any of the values."""
ANYTHING = Permission(any=True)
NOTHING = Permission(not_rule=ANYTHING)


def permission(conditions: Conditions, port: int) -> Permission:
    """All conditions; no conditions are met by everything. `port` is the one the workload is called on."""
    parts = [part for condition in conditions for part in _parts(condition, port)]
    return Permission(and_rules=Permission.Set(rules=parts or [ANYTHING]))


def _parts(condition: Condition, port: int) -> list[Permission]:
    make = _on_port(port) if condition.aspect is Aspect.PORT else MAKERS[condition.aspect]
    parts = [make(condition.key, condition.values)] if condition.values else []
    return parts + ([Permission(not_rule=make(condition.key, condition.excluded))] if condition.excluded else [])


def _on_port(port: int) -> Make:
    """The listener's own port is another one on this machine, so the answer is known here, not in the proxy."""
    return lambda _, values: ANYTHING if str(port) in values else NOTHING


def _each(make: Callable[[str], Permission]) -> Make:
    return lambda _, values: Permission(or_rules=Permission.Set(rules=map(make, values)))


def _host(value: str) -> Permission:
    return Permission(header=header_matcher(":authority", value, ignore_case=True))


def _method(value: str) -> Permission:
    return Permission(header=header_matcher(":method", value))


def _path(value: str) -> Permission:
    if "{" not in value:
        return Permission(url_path=PathMatcher(path=text_matcher(value)))
    template = UriTemplateMatchConfig(path_template=value.replace("{", "").replace("}", ""))
    return Permission(uri_template=TypedExtensionConfig(name="uri-template", typed_config=pack(template)))


def _address(value: str) -> Permission:
    return Permission(destination_ip=address_range(value))


def _server_name(value: str) -> Permission:
    return Permission(requested_server_name=text_matcher(value))


def _note(key: Key, values: Sequence[str]) -> Permission:
    return Permission(metadata=noted(key[0], key[1:], any_value(list(map(_noted_value, values)))))


def _noted_value(value: str) -> ValueMatcher:
    matcher = ValueMatcher(string_match=text_matcher(value.strip("[]")))
    return in_list(matcher) if value.startswith("[") and value.endswith("]") else matcher


MAKERS: dict[Aspect, Make] = {
    Aspect.HOST: _each(_host),
    Aspect.METHOD: _each(_method),
    Aspect.PATH: _each(_path),
    Aspect.ADDRESS: _each(_address),
    Aspect.SERVER_NAME: _each(_server_name),
    Aspect.FILTER_NOTE: _note,
}
