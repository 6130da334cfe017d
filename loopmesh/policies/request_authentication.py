"""RequestAuthentication (security.istio.io): which tokens a workload takes."""

import re
from urllib.parse import urlsplit

from loopmesh.model.policy import WorkloadSelector
from loopmesh.model.problem import Problem
from loopmesh.model.token import (
    ClaimHeader,
    KeySource,
    RequestAuthentication,
    TokenHeader,
    TokenOutput,
    TokenPlaces,
    TokenRule,
    key_set_problem,
)
from loopmesh.policies.authorization_policy import UNSUPPORTED_TARGETS
from loopmesh.policies.document import Document, read_selector
from loopmesh.policies.fields import Fields

DEFAULT_TIMEOUT_MS = 5_000
HEADER_NAME = re.compile(r"[a-zA-Z0-9!#$%&'*+\-.^_`|~]+")
SCHEMES = ("http", "https")


def read_request_authentication(document: Document, problems: list[Problem]) -> RequestAuthentication:
    return Fields.read(document.spec, "spec", problems, lambda fields: _policy(document, fields))


def _policy(document: Document, fields: Fields) -> RequestAuthentication:
    everyone = WorkloadSelector(namespace=document.namespace)
    fields.unsupported(UNSUPPORTED_TARGETS)
    return RequestAuthentication(
        source=document.source,
        selector=fields.object("selector", lambda inside: read_selector(inside, document.namespace)) or everyone,
        rules=fields.objects("jwtRules", _rule),
    )


def _rule(fields: Fields) -> TokenRule:
    issuer = fields.text("issuer") or ""
    url = fields.text("jwksUri", check=_check_url) or ""
    if not issuer and not fields.has("jwksUri"):
        fields.refuse(None, "a rule has `issuer` or `jwksUri`", "add the issuer whose tokens are taken")
    return TokenRule(
        issuer=issuer,
        audiences=fields.texts("audiences"),
        keys=fields.text("jwks", check=_check_keys) or "",
        timeout_ms=fields.duration_ms("timeout") or DEFAULT_TIMEOUT_MS,
        key_source=KeySource(issuer=issuer, url=url),
        places=TokenPlaces(
            headers=fields.objects("fromHeaders", _token_header),
            parameters=fields.texts("fromParams"),
            cookies=fields.texts("fromCookies"),
        ),
        output=TokenOutput(
            token=fields.boolean("forwardOriginalToken") or False,
            payload_header=fields.text("outputPayloadToHeader", check=_check_header) or "",
            claims=fields.objects("outputClaimToHeaders", _claim_header),
        ),
        space_delimited=fields.texts("spaceDelimitedClaims"),
    )


def _token_header(fields: Fields) -> TokenHeader:
    name = fields.text("name", required=True, check=_check_header) or ""
    return TokenHeader(name=name, prefix=fields.text("prefix") or "")


def _claim_header(fields: Fields) -> ClaimHeader:
    name = fields.text("header", required=True, check=_check_header) or ""
    return ClaimHeader(name=name, claim=fields.text("claim", required=True) or "")


def _check_header(name: str) -> tuple[str, str] | None:
    return None if not name or HEADER_NAME.fullmatch(name) else ("this is no name of a header", "write a header's name")


def _check_url(url: str) -> tuple[str, str] | None:
    """Istio `ParseJwksURI`."""
    try:
        parts = urlsplit(url)
        valid = parts.scheme in SCHEMES and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        valid = False
    return None if valid else ("this is no http or https URL", "write the URL of the key set")


def _check_keys(text: str) -> tuple[str, str] | None:
    problem = key_set_problem(text) if text else None
    return (problem, "write the key set as the issuer publishes it") if problem else None
