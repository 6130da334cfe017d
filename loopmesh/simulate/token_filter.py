"""The token filter: does a request carry the tokens that are asked for? (Envoy's jwt_authn filter)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus

from envoy.extensions.filters.http.jwt_authn.v3.config_pb2 import (
    JwtAuthentication,
    JwtProvider,
    JwtRequirement,
)

from loopmesh.simulate.check import Check, RuleResult
from loopmesh.simulate.errors import NotSimulatedError
from loopmesh.simulate.origin import Rule
from loopmesh.simulate.preflight import is_preflight
from loopmesh.simulate.route import unmet_condition
from loopmesh.simulate.stream import Stream
from loopmesh.simulate.token import (
    FILTER,
    FOREIGN,
    MISSING,
    WRONG_AUDIENCE,
    Claims,
    TokenError,
    checked_claims,
    tokens_of,
)

ACTION = "JWT"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """`problem` is Envoy's message, empty when the requirement is met; `stream` knows the claims then. `provider` has
    decided; empty where nobody looked at a token, or nobody knows its issuer."""

    stream: Stream
    provider: str = ""
    problem: str = ""
    words: str = ""


def check_tokens(config: JwtAuthentication, stream: Stream, rules: Mapping[str, Rule]) -> tuple[Stream, Check | None]:
    """No check where nothing is asked for. `rules` are those behind the providers."""
    if config.bypass_cors_preflight and is_preflight(stream.request):
        return stream, None
    rule = next((one for one in config.rules if unmet_condition(one.match, stream) is None), None)
    if rule is None or not rule.HasField("requires"):
        return stream, None
    judged = _judge(config, rule.requires, stream)
    passed = not judged.problem
    results = {name: RuleResult(name=name, rule=rules.get(name)) for name in sorted(config.providers)}
    check = Check(
        action=ACTION,
        passed=passed,
        decided_by=results.get(judged.provider),
        rules=tuple(results.values()),
        status=0 if passed else _status(judged.problem),
        reason=judged.problem,
        words=judged.words,
    )
    return judged.stream, check


def _status(problem: str) -> HTTPStatus:
    return HTTPStatus.FORBIDDEN if problem == WRONG_AUDIENCE else HTTPStatus.UNAUTHORIZED


def _judge(config: JwtAuthentication, requirement: JwtRequirement, stream: Stream) -> _Judged:
    match requirement.WhichOneof("requires_type"):
        case "provider_name":
            return _by_provider(config, requirement.provider_name, stream)
        case "requires_any":
            return _any(config, list(requirement.requires_any.requirements), stream)
        case "requires_all":
            judged = _Judged(stream=stream)
            for one in requirement.requires_all.requirements:
                judged = _judge(config, one, judged.stream)
                if judged.problem:
                    break
            return judged
        case "allow_missing":
            return _first_problem(config, stream)
        case "allow_missing_or_failed":
            return _Judged(stream=stream)
        case kind:
            raise NotSimulatedError(f"a token requirement of kind {kind}")


def _any(config: JwtAuthentication, requirements: list[JwtRequirement], stream: Stream) -> _Judged:
    """The first that is met; `allow_missing` beside others is about the tokens those look for."""
    problems: list[_Judged] = []
    for one in requirements:
        if one.WhichOneof("requires_type") == "allow_missing":
            if all(judged.problem == MISSING for judged in problems):
                return _Judged(stream=stream)
            continue
        judged = _judge(config, one, stream)
        if not judged.problem:
            return judged
        problems.append(judged)
    return _told([one for one in problems if one.problem != MISSING]) or _Judged(stream=stream, problem=MISSING)


def _told(problems: list[_Judged]) -> _Judged | None:
    """That of a rule that knows the issuer; where several do not know it, it is nobody's in particular."""
    told = next((one for one in problems if one.problem != FOREIGN), next(iter(problems), None))
    if told is None or told.problem != FOREIGN or len({one.provider for one in problems}) == 1:
        return told
    return replace(told, provider="", words="no rule knows its issuer")


def _first_problem(config: JwtAuthentication, stream: Stream) -> _Judged:
    """Any token that is there must be valid for some provider."""
    judged = [_by_provider(config, name, stream) for name in sorted(config.providers)]
    if not all(one.problem for one in judged):
        return _Judged(stream=stream)
    return _told([one for one in judged if one.problem != MISSING]) or _Judged(stream=stream)


def _by_provider(config: JwtAuthentication, name: str, stream: Stream) -> _Judged:
    provider = config.providers[name]
    token = next(tokens_of(provider, stream.request), None)
    if token is None:
        return _Judged(stream=stream, problem=MISSING)
    try:
        claims = checked_claims(provider, token, stream.request.made_at_s)
    except TokenError as error:
        return _Judged(stream=stream, provider=name, problem=str(error), words=error.words)
    words = f"of {claims.get('iss', 'an issuer that is not said')} for {claims.get('sub', 'nobody named')}"
    return _Judged(stream=_with_claims(provider, claims, stream), provider=name, words=words)


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
