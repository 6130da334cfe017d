"""The token filter: does a request carry the tokens that are asked for? (Envoy's jwt_authn filter)."""

from dataclasses import dataclass, replace
from http import HTTPStatus

from envoy.extensions.filters.http.jwt_authn.v3.config_pb2 import (
    JwtAuthentication,
    JwtProvider,
    JwtRequirement,
)

from loopmesh.simulate.check import Check
from loopmesh.simulate.errors import NotSimulatedError
from loopmesh.simulate.preflight import is_preflight
from loopmesh.simulate.route import unmet_condition
from loopmesh.simulate.stream import Stream
from loopmesh.simulate.token import MISSING, WRONG_AUDIENCE, Claims, TokenError, checked_claims, tokens_of

FILTER = "envoy.filters.http.jwt_authn"
ACTION = "JWT"


@dataclass(frozen=True, slots=True)
class _Judged:
    """`problem` is Envoy's message, empty when the requirement is met; `stream` knows the claims then."""

    stream: Stream
    problem: str = ""


def check_tokens(config: JwtAuthentication, stream: Stream) -> tuple[Stream, Check | None]:
    """No check where nothing is asked for."""
    if config.bypass_cors_preflight and is_preflight(stream.request):
        return stream, None
    rule = next((one for one in config.rules if unmet_condition(one.match, stream) is None), None)
    if rule is None or not rule.HasField("requires"):
        return stream, None
    judged = _judge(config, rule.requires, stream)
    status = HTTPStatus.FORBIDDEN if judged.problem == WRONG_AUDIENCE else HTTPStatus.UNAUTHORIZED
    passed = not judged.problem
    check = Check(action=ACTION, passed=passed, status=0 if passed else status, reason=judged.problem)
    return judged.stream, check


def _judge(config: JwtAuthentication, requirement: JwtRequirement, stream: Stream) -> _Judged:
    match requirement.WhichOneof("requires_type"):
        case "provider_name":
            return _by_provider(config.providers[requirement.provider_name], stream)
        case "requires_any":
            return _any(config, list(requirement.requires_any.requirements), stream)
        case "requires_all":
            judged = _Judged(stream)
            for one in requirement.requires_all.requirements:
                judged = _judge(config, one, judged.stream)
                if judged.problem:
                    break
            return judged
        case "allow_missing":
            return _Judged(stream, _first_problem(config, stream))
        case "allow_missing_or_failed":
            return _Judged(stream)
        case kind:
            raise NotSimulatedError(f"a token requirement of kind {kind}")


def _any(config: JwtAuthentication, requirements: list[JwtRequirement], stream: Stream) -> _Judged:
    """The first that is met; `allow_missing` beside others is about the tokens those look for."""
    problems: list[str] = []
    for one in requirements:
        if one.WhichOneof("requires_type") == "allow_missing":
            if all(problem == MISSING for problem in problems):
                return _Judged(stream)
            continue
        judged = _judge(config, one, stream)
        if not judged.problem:
            return judged
        problems.append(judged.problem)
    told = next((problem for problem in problems if problem != MISSING), MISSING)
    return _Judged(stream, told)


def _first_problem(config: JwtAuthentication, stream: Stream) -> str:
    """Any token that is there must be valid for some provider."""
    judged = [_by_provider(provider, stream) for provider in config.providers.values()]
    problems = [one.problem for one in judged if one.problem != MISSING]
    return next((problem for problem in problems if problem), "") if all(problems) else ""


def _by_provider(provider: JwtProvider, stream: Stream) -> _Judged:
    token = next(tokens_of(provider, stream.request), None)
    if token is None:
        return _Judged(stream, MISSING)
    try:
        claims = checked_claims(provider, token, stream.request.made_at_s)
    except TokenError as error:
        return _Judged(stream, str(error))
    return _Judged(_with_claims(provider, claims, stream))


def _with_claims(provider: JwtProvider, claims: Claims, stream: Stream) -> Stream:
    noted = dict(claims)
    for name in provider.normalize_payload_in_metadata.space_delimited_claims:
        if isinstance(noted.get(name), str):
            noted[name] = noted[name].split()
    headers = dict(stream.request.headers)
    for one in provider.claim_to_headers:
        value = claims.get(one.claim_name)
        if isinstance(value, str | int | bool):
            headers[one.header_name.lower()] = str(value).lower() if isinstance(value, bool) else str(value)
    known = stream.saying(FILTER, {provider.payload_in_metadata: noted}) if provider.payload_in_metadata else stream
    return replace(known, request=replace(stream.request, headers=headers))
