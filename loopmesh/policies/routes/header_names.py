"""What names and values of headers may be (Istio `ValidateHTTPHeader…`, Envoy's substitution formatter)."""

import re

HEADER = re.compile(r"[-!#$%&'*+.^_`|~A-Za-z0-9]+")
"""A token of RFC 9110, section 5.6.2."""
PSEUDO_HEADERS = (":method", ":scheme", ":authority", ":path", ":status")
CLAIMS = "@request.auth.claims"
"""Istio's header for claims of the caller's token: `@request.auth.claims.sub`, `@request.auth.claims[group][id]`."""
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
COMMAND = re.compile(
    r'%%|%[^%()]+(?:\((?:\[\s*"(?:[^"\\]|\\.)*"(?:\s*,\s*"(?:[^"\\]|\\.)*")*\s*\]|[^)]*)\))?(?::\d+)?%'
)
"""`%%`, or a word such as `%HOSTNAME%` and `%REQ(x-a):10%` that Envoy replaces."""


def is_header(name: str) -> bool:
    """Whether conditions may ask for it."""
    return name in PSEUDO_HEADERS or bool(HEADER.fullmatch(name))


def is_authority(name: str) -> bool:
    return name.lower() in (":authority", "host")


def claim_path(name: str) -> tuple[str, ...] | None:
    """`("group", "id")` for a name that asks for a claim, None for others (Istio `jwt.ToRoutingClaim`)."""
    if not name.lower().startswith(CLAIMS):
        return None
    rest = name[len(CLAIMS) :]
    if rest.startswith(".") and len(rest) > 1:
        return tuple(rest[1:].split("."))
    if rest.startswith("[") and rest.endswith("]") and len(rest) > 2:
        return tuple(rest[1:-1].split("]["))
    return None


def check_value(value: str) -> tuple[str, str] | None:
    """The rule a header's new value breaks and the remedy, or None."""
    if CONTROL.search(value):
        return "a header's value has no control characters", "remove them"
    if "%" in COMMAND.sub("", value):
        return "`%` begins one of Envoy's words, as in `%HOSTNAME%`", "write `%%` for a plain `%`, or end the word"
    return None
