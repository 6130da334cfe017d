"""Tokens of a request, and whether a provider takes one (Envoy `jwt_authn`, `Authenticator`)."""

import json
from collections.abc import Iterator
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl

from envoy.extensions.filters.http.jwt_authn.v3.config_pb2 import JwtProvider

from loopmesh.simulate.errors import NotSimulatedError
from loopmesh.simulate.request import Request
from loopmesh.simulate.signature import decode, has_key, is_signed
from loopmesh.simulate.time import utc

FILTER = "envoy.filters.http.jwt_authn"
"""Notes the claims of a token under its name."""
MISSING = "Jwt is missing"
MALFORMED = "Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections"
BAD_BASE64 = "Jwt {} is an invalid Base64url encoded"
BAD_JSON = "Jwt {} is an invalid JSON"
NO_TEXT = "Jwt payload [{}] field is not a string"
NO_NUMBER = "Jwt payload [{}] field is not an integer"
NO_TIME = "Jwt payload [{}] field is not a positive 64 bit integer"
NO_AUDIENCE = "Jwt payload [aud] field is not a string or string list"
FOREIGN = "Jwt issuer is not configured"
EXPIRED = "Jwt is expired"
TOO_EARLY = "Jwt not yet valid"
WRONG_AUDIENCE = "Audiences in Jwt are not allowed"
NO_KEY = "Jwks doesn't have key to match kid or alg from Jwt"
FORGED = "Jwt verification fails"
BEARER = "Bearer "
DEFAULT_SKEW_S = 60
LATEST_S = 2**64
Claims = dict[str, Any]


class TokenError(Exception):
    """Why a provider does not take a token: in Envoy's words, and in plainer ones."""

    def __init__(self, said: str, words: str) -> None:
        super().__init__(said)
        self.words = words


def tokens_of(provider: JwtProvider, request: Request) -> Iterator[str]:
    """Where the provider looks: the places it names, else the bearer token and the parameter `access_token`."""
    parameters = dict(parse_qsl(request.query, keep_blank_values=True))
    names_places = provider.from_headers or provider.from_params or provider.from_cookies
    places = [(one.name, one.value_prefix) for one in provider.from_headers]
    for name, prefix in places if names_places else [("authorization", BEARER)]:
        value = request.headers.get(name.lower(), "")
        if prefix in value and value:
            yield value.partition(prefix)[2].strip() if prefix else value
    for name in provider.from_params if names_places else ["access_token"]:
        if name in parameters:
            yield parameters[name]
    cookies = _cookies(request.headers.get("cookie", ""))
    yield from (cookies[name] for name in provider.from_cookies if name in cookies)


def _cookies(header: str) -> dict[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header).items()}
    except CookieError:
        return {}


def checked_claims(provider: JwtProvider, token: str, now_s: float) -> Claims:
    """What the token says, once everything about it holds. Raises TokenError."""
    parts = token.split(".")
    if len(parts) != 3:
        raise TokenError(MALFORMED, "what stands where a token is looked for is none")
    head, claims = _opened("header", parts[0]), _opened("payload", parts[1])
    _check_kinds(claims)
    signature = _decoded("signature", parts[2])
    if provider.issuer and claims.get("iss") != provider.issuer:
        raise TokenError(FOREIGN, f"its issuer is {claims.get('iss', 'not said')}, not {provider.issuer}")
    _check_time(claims, provider.clock_skew_seconds or DEFAULT_SKEW_S, now_s)
    _check_audience(provider, claims)
    if not provider.local_jwks.inline_string:
        raise NotSimulatedError("a token whose keys the proxy fetches by itself")
    if not has_key(provider.local_jwks.inline_string, head):
        raise TokenError(NO_KEY, f"none of the keys of {provider.issuer or 'the rule'} is the one it names")
    if not is_signed(provider.local_jwks.inline_string, head, f"{parts[0]}.{parts[1]}".encode(), signature):
        raise TokenError(FORGED, f"it is not signed with a key of {provider.issuer or 'the rule'}, or was changed")
    return {str(name): value for name, value in claims.items()}


def _opened(name: str, part: str) -> Claims:
    try:
        found = json.loads(_decoded(name, part))
    except ValueError as error:
        raise _unreadable(BAD_JSON, name) from error
    if not isinstance(found, dict):
        raise _unreadable(BAD_JSON, name)
    return found


def _decoded(name: str, part: str) -> bytes:
    try:
        return decode(part)
    except ValueError as error:
        raise _unreadable(BAD_BASE64, name) from error


def _unreadable(said: str, name: str) -> TokenError:
    return TokenError(said.format(name), f"its {name} cannot be read")


def _check_kinds(claims: Claims) -> None:
    """Of the claims the standard names (Envoy `Jwt::parseFromString`)."""
    for name in ("iss", "sub"):
        if not isinstance(claims.get(name, ""), str):
            raise _mistaken(NO_TEXT, name)
    for name in ("iat", "nbf", "exp"):
        value = claims.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _mistaken(NO_NUMBER, name)
        if not 0 <= value < LATEST_S:
            raise _mistaken(NO_TIME, name)
    if not isinstance(claims.get("jti", ""), str):
        raise _mistaken(NO_TEXT, "jti")
    audiences = claims.get("aud", [])
    if not all(isinstance(one, str) for one in (audiences if isinstance(audiences, list) else [audiences])):
        raise _mistaken(NO_AUDIENCE, "aud")


def _mistaken(said: str, name: str) -> TokenError:
    return TokenError(said.format(name), f"what it says as {name} is of another kind than the standard wants")


def _check_time(claims: Claims, skew_s: int, now_s: float) -> None:
    if "nbf" in claims and claims["nbf"] > now_s + skew_s:
        raise TokenError(TOO_EARLY, f"it is valid from {utc(claims['nbf'])} on")
    if "exp" in claims and now_s > claims["exp"] + skew_s:
        raise TokenError(EXPIRED, f"it has expired at {utc(claims['exp'])}")


def _check_audience(provider: JwtProvider, claims: Claims) -> None:
    """A scheme and a slash at the end make no difference (Envoy `CheckAudience`)."""
    said = claims.get("aud", [])
    found = dict.fromkeys(_bare(one) for one in (said if isinstance(said, list) else [said]))
    if provider.audiences and not found.keys() & {_bare(one) for one in provider.audiences}:
        who = f"it is for {', '.join(found)}" if found else "it does not say whom it is for"
        raise TokenError(WRONG_AUDIENCE, f"{who}, and the rule takes only {', '.join(provider.audiences)}")


def _bare(audience: str) -> str:
    return audience.removeprefix("https://").removeprefix("http://").removesuffix("/")
