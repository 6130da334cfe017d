"""Paths: how a proxy normalises them, and a route's condition on them."""

import re

from envoy.config.route.v3.route_components_pb2 import RouteMatch
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
)
from envoy.extensions.path.match.uri_template.v3.uri_template_match_pb2 import UriTemplateMatchConfig

from loopmesh.simulate.errors import NotSimulatedError
from loopmesh.simulate.proxy import unpack
from loopmesh.simulate.stream import Stream
from loopmesh.simulate.text import matches_regex

UNRESERVED = re.compile(r"%(2[dDeE]|3[0-9]|4[1-9a-fA-F]|5[0-9aAfF]|6[1-9a-fA-F]|7[0-9aAeE])")
SLASHES = re.compile(r"%(2[fF]|5[cC])")
DOTS_WITH_PARAMETERS = re.compile(r"(?<=/)(\.\.?);[^/]*(?=/|$)")
ESCAPED = {ord(character): f"%{ord(character):02X}" for character in '"<>^`{|}'}
NUL = "%00"
IN_SEGMENT = r"\w\-.~%!$&'()*+,;:@="
PIECES = {"*": rf"[{IN_SEGMENT}]+", "**": rf"[{IN_SEGMENT}/]*"}
"""What asterisks of a template stand for (Envoy `path_template`): only what RFC 3986 has in a segment."""


def normalise_path(path: str, manager: HttpConnectionManager) -> str | None:
    """As the connection manager is told to (Envoy `PathUtil::canonicalPath`, `mergeSlashes`); the query stays. None for
    a path that is refused."""
    bare, mark, query = path.partition("?")
    unescapes = manager.path_with_escaped_slashes_action in (
        HttpConnectionManager.UNESCAPE_AND_REDIRECT,
        HttpConnectionManager.UNESCAPE_AND_FORWARD,
    )
    if unescapes:
        bare = SLASHES.sub(lambda found: bytes.fromhex(found.group(1)).decode(), bare)
    if manager.normalize_path.value:
        bare = DOTS_WITH_PARAMETERS.sub(r"\1", bare).translate(ESCAPED)
        if NUL in bare:
            return None
        bare = _without_dots(UNRESERVED.sub(lambda found: bytes.fromhex(found.group(1)).decode(), bare))
    if manager.merge_slashes:
        bare = re.sub(r"/{2,}", "/", bare) if bare.strip("/") else bare[:2]  # nothing between slashes: two stay
    return bare + mark + query


def _without_dots(path: str) -> str:
    """RFC 3986, section 5.2.4; a backslash is a slash."""
    kept: list[str] = []
    parts = path.replace("\\", "/").split("/")[1:]
    for part in parts:
        if part == "..":
            del kept[-1:]
        elif part != ".":
            kept.append(part)
    if parts and parts[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def matches_path(match: RouteMatch, stream: Stream) -> bool:
    """A template sees parameters of the path even where all else ignores them. Raises NotSimulatedError."""
    path = stream.path
    kind = match.WhichOneof("path_specifier")
    is_exact_case = not match.HasField("case_sensitive") or match.case_sensitive.value
    if kind == "safe_regex":
        return matches_regex(match.safe_regex.regex, path)
    if kind == "path_match_policy":
        template = unpack(match.path_match_policy.typed_config, UriTemplateMatchConfig)
        return template is not None and matches_template(template.path_template, stream.request.bare_path)
    if kind not in ("prefix", "path", "path_separated_prefix"):
        raise NotSimulatedError(f"a path condition of kind {kind}")
    wanted: str = getattr(match, kind)
    if not is_exact_case:
        wanted, path = wanted.lower(), path.lower()
    if kind == "prefix":
        return path.startswith(wanted)
    return path == wanted or (kind == "path_separated_prefix" and path.startswith(f"{wanted}/"))


def matches_template(template: str, path: str) -> bool:
    """`*` is one segment or a part of it, `**` any number, `{name}` and `{name=pattern}` the same under a name."""
    pieces = re.split(r"(\*\*|\*)", template_pattern(template))
    pattern = "".join(PIECES.get(piece, re.escape(piece)) for piece in pieces)
    return re.fullmatch(pattern, path, re.ASCII) is not None


def template_pattern(template: str) -> str:
    """The template without names: `/v1/products/*` for `/v1/{name=products/*}`."""
    return re.sub(r"\{[^{}=]+=([^{}]+)\}", r"\1", re.sub(r"\{[^{}=]+\}", "*", template))
