"""Tokens of a request, and whether a provider takes one (Envoy `jwt_authn`, `Authenticator`)."""

import json
from collections.abc import Iterator
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl

from envoy.extensions.filters.http.jwt_authn.v3.config_pb2 import JwtProvider

from loopmesh.simulate.errors import NotSimulatedError
from loopmesh.simulate.request import Request
from loopmesh.simulate.signature import decode, is_signed

MISSING = "Jwt is missing"
MALFORMED = "Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections"
FOREIGN = "Jwt issuer is not configured"
EXPIRED = "Jwt is expired"
TOO_EARLY = "Jwt not yet valid"
WRONG_AUDIENCE = "Audiences in Jwt are not allowed"
FORGED = "Jwt verification fails"
BEARER = "Bearer "
DEFAULT_SKEW_S = 60
Claims = dict[str, Any]


class TokenError(Exception):
    """Why a provider does not take a token; the message is Envoy's."""


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
        raise TokenError(MALFORMED)
    try:
        head, claims = (json.loads(decode(part)) for part in parts[:2])
        signature = decode(parts[2])
    except ValueError as error:
        raise TokenError(MALFORMED) from error
    if provider.issuer and claims.get("iss") != provider.issuer:
        raise TokenError(FOREIGN)
    _check_time(claims, provider.clock_skew_seconds or DEFAULT_SKEW_S, now_s)
    _check_audience(provider, claims)
    if not provider.local_jwks.inline_string:
        raise NotSimulatedError("a token whose keys the proxy fetches by itself")
    if not is_signed(provider.local_jwks.inline_string, head, f"{parts[0]}.{parts[1]}".encode(), signature):
        raise TokenError(FORGED)
    return {str(name): value for name, value in claims.items()}


def _check_time(claims: Claims, skew_s: int, now_s: float) -> None:
    if "nbf" in claims and claims["nbf"] > now_s + skew_s:
        raise TokenError(TOO_EARLY)
    if "exp" in claims and now_s > claims["exp"] + skew_s:
        raise TokenError(EXPIRED)


def _check_audience(provider: JwtProvider, claims: Claims) -> None:
    """A scheme and a slash at the end make no difference (Envoy `CheckAudience`)."""
    said = claims.get("aud", [])
    found = {_bare(one) for one in (said if isinstance(said, list) else [said])}
    if provider.audiences and not found & {_bare(one) for one in provider.audiences}:
        raise TokenError(WRONG_AUDIENCE)


def _bare(audience: str) -> str:
    return audience.removeprefix("https://").removeprefix("http://").removesuffix("/")
