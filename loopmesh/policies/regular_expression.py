"""Regular expressions of policies are RE2's, which Envoy runs; what RE2 does not take is refused here by name.

RE2 itself is not at hand, so an expression is cut into its parts, those that RE2 lacks are refused, those that Python
lacks are replaced, and Python judges the rest.
"""

import re
import warnings

PART = re.compile(
    r"(?P<quoted>\\Q.*?(?:\\E|$))"
    r"|(?P<category>\\[pP](?:\{[^}]*\}|.))"
    r"|(?P<hexadecimal>\\x(?:[0-9A-Fa-f]{2}|\{[0-9A-Fa-f]{1,6}\}))"
    r"|(?P<escape>\\.)"
    r"|(?P<set>\[\^?\]?(?:\\.|\[:\^?[a-z]+:\]|[^\]\\])*\])"
    r"|(?P<flags>\(\?[a-zA-Z-]+[:)])"
    r"|(?P<named>\(\?P?<[A-Za-z_]\w*>)"
    r"|(?P<group>\(\?(?!:)(?:P?.)[=!]?)"
    r"|(?P<repeat>(?:[*+?]|\{\d+(?:,\d*)?\})\+)"
    r"|(?P<count>\{\d+(?:,\d*)?\})",
    re.DOTALL,
)
RE2_FLAGS = frozenset("imsU-")
MOST_REPEATS = 1000
LAST_CHARACTER = 0xFF
"""Envoy's RE2 reads bytes, not characters."""
LONGEST = 1024
"""As in Istio, whose limit stands in for the size of the compiled expression."""


def regex_problem(pattern: str) -> str | None:
    """What RE2 would not take of the expression, None if it takes all."""
    if not pattern:
        return "the expression is empty"
    if len(pattern) > LONGEST:
        return f"the expression is longer than {LONGEST} characters"
    for part in PART.finditer(pattern):
        if not _is_in_re2(part):
            return f"RE2 has no `{part.group()}`"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(PART.sub(_for_python, pattern))
    except (re.error, OverflowError) as error:
        return f"the expression is broken: {error}"
    except RecursionError:
        return "the expression is nested too deep"
    return None


def _is_in_re2(part: re.Match[str]) -> bool:
    text = part.group()
    match part.lastgroup:
        case "escape":
            return text[1] not in "123456789Z" and (not text[1].isalpha() or text[1] in "abBfnrtvdDsSwWAzC")
        case "hexadecimal":
            return int(text[2:].strip("{}"), 16) <= LAST_CHARACTER
        case "flags":
            return set(text[2:-1]) <= RE2_FLAGS
        case "count":
            return all(int(number) <= MOST_REPEATS for number in re.findall(r"\d+", text[:32]))
        case "group" | "repeat":
            return False
        case _:
            return True


def _for_python(part: re.Match[str]) -> str:
    text = part.group()
    match part.lastgroup:
        case "quoted" | "category" | "hexadecimal":
            return "(?:a)"
        case "set" if any(only_re2 in text for only_re2 in ("[:", "\\p", "\\P", "\\x{")):
            return "[a]"
        case "flags":
            return "" if text.endswith(")") else "(?:"
        case "named":
            return f"(?P<{text.partition('<')[2]}"
        case "escape" if text in ("\\z", "\\C"):
            return "(?:a)"
        case _:
            return text
