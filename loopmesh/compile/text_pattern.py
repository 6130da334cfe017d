"""Values of authorization policies as matchers: exact, `x*`, `*x`, and `*` for anything but nothing."""

from envoy.config.route.v3.route_components_pb2 import HeaderMatcher
from envoy.type.matcher.v3.regex_pb2 import RegexMatcher
from envoy.type.matcher.v3.string_pb2 import StringMatcher

SPECIAL = frozenset(r"\.+*?()|[]{}^$")


def text_matcher(value: str, *, before: str = "", ignore_case: bool = False) -> StringMatcher:
    """`before` precedes every full value (Istio `StringMatcherWithPrefix`)."""
    if value == "*":
        return regex_matcher(".+")
    if value.startswith("*") and before:
        return regex_matcher(f"{before}.*{quote(value[1:])}")
    if value.startswith("*"):
        return StringMatcher(suffix=value[1:], ignore_case=ignore_case)
    if value.endswith("*"):
        return StringMatcher(prefix=before + value[:-1], ignore_case=ignore_case)
    return StringMatcher(exact=before + value, ignore_case=ignore_case)


def header_matcher(name: str, value: str, *, ignore_case: bool = False) -> HeaderMatcher:
    """`*` asks only whether the header is there, even if it is empty (Istio `HeaderMatcher`)."""
    if value == "*":
        return HeaderMatcher(name=name, present_match=True)
    return HeaderMatcher(name=name, string_match=text_matcher(value, ignore_case=ignore_case))


def regex_matcher(expression: str) -> StringMatcher:
    return StringMatcher(safe_regex=RegexMatcher(regex=expression))


def quote(text: str) -> str:
    """The text as a regular expression that matches nothing else."""
    return "".join(f"\\{letter}" if letter in SPECIAL else letter for letter in text)
