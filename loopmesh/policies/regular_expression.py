"""Regular expressions of policies are RE2's, which Envoy runs; what RE2 does not take is refused in RE2's words."""

import functools

import re2

LONGEST = 1024
"""As in Istio, whose limit stands in for the size of the compiled expression."""


def regex_problem(pattern: str) -> str | None:
    """What RE2 would not take of the expression, None if it takes all."""
    if not pattern:
        return "the expression is empty"
    if len(pattern) > LONGEST:
        return f"the expression is longer than {LONGEST} characters"
    try:
        re2.compile(pattern.encode(), _options())
    except re2.error as error:
        return f"RE2 does not take it: {_said(error)}"
    return None


@functools.cache
def _options() -> re2.Options:
    """Envoy's RE2 reads bytes, not characters."""
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.log_errors = False
    return options


def _said(error: Exception) -> str:
    said = error.args[0]
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)
