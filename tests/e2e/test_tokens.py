"""RequestAuthentication: which tokens pass, what a program gets of them, and what rules make of their claims."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.secured_mesh import SecuredMesh
from tests.published import published
from tests.tokens import Issuer

UNAUTHORIZED, FORBIDDEN = 401, 403
ISSUER = Issuer("https://issuer.example")
OTHER = Issuer("other")
STRANGER = Issuer("https://issuer.example")
"""Calls itself as the issuer does, but has another key."""
TOKEN = ISSUER.token()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredMesh]:
    with SecuredMesh(tmp_path_factory.mktemp("lab") / "state") as mesh:
        yield mesh


@pytest.fixture
def lab(running: SecuredMesh) -> Iterator[SecuredMesh]:
    """Without any rule left over from the test before."""
    yield running
    running.apply("AuthorizationPolicy", {"action": "AUDIT"})


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def take(lab: SecuredMesh, *rules: dict[str, Any]) -> None:
    lab.apply("RequestAuthentication", {"selector": {"matchLabels": {"app": "api"}}, "jwtRules": list(rules)})


def rule(issuer: Issuer = ISSUER, **fields: Any) -> dict[str, Any]:
    return {"issuer": issuer.name, "jwks": issuer.key_set, **fields}


def test_a_request_without_a_token_passes_and_one_with_a_bad_one_does_not(lab: SecuredMesh) -> None:
    take(lab, rule())
    assert lab.ask().status == 200
    assert lab.ask(**bearer(TOKEN)).status == 200
    for bad in (
        STRANGER.token(),
        OTHER.token(),
        ISSUER.token(valid_s=-3600),
        f"{TOKEN[:-8]}AAAAAAAA",
        "no.token.atall",
    ):
        assert lab.ask(**bearer(bad)).status == UNAUTHORIZED


def test_a_token_is_for_one_of_the_audiences(lab: SecuredMesh) -> None:
    take(lab, rule(audiences=["shop", "lab"]))
    assert lab.ask(**bearer(ISSUER.token(aud="lab"))).status == 200
    assert lab.ask(**bearer(ISSUER.token(aud=["x", "shop"]))).status == 200
    assert lab.ask(**bearer(ISSUER.token(aud="x"))).status == FORBIDDEN
    assert lab.ask(**bearer(TOKEN)).status == FORBIDDEN


def test_a_token_is_found_where_the_rule_says_and_nowhere_else(lab: SecuredMesh) -> None:
    bad = STRANGER.token()
    take(lab, rule(fromHeaders=[{"name": "x-token", "prefix": "Token "}], fromParams=["t"], fromCookies=["session"]))
    assert lab.ask(x_token=f"Token {TOKEN}").status == 200
    assert lab.ask(x_token=f"Token {bad}").status == UNAUTHORIZED
    assert lab.ask(path=f"/?t={bad}").status == UNAUTHORIZED
    assert lab.ask(cookie=f"a=b; session={bad}").status == UNAUTHORIZED
    assert lab.ask(**bearer(bad)).status == 200
    take(lab, rule())
    assert lab.ask(path=f"/?access_token={bad}").status == UNAUTHORIZED


def test_the_program_gets_what_the_rule_gives_it(lab: SecuredMesh) -> None:
    claims = bearer(ISSUER.token(realm={"tier": "gold"}, level=3))
    take(lab, rule())
    assert "authorization" not in lab.ask(**claims).body["headers"]
    outputs = [{"header": "x-tier", "claim": "realm.tier"}, {"header": "x-level", "claim": "level"}]
    take(lab, rule(forwardOriginalToken=True, outputPayloadToHeader="x-payload", outputClaimToHeaders=outputs))
    headers = lab.ask(**claims).body["headers"]
    payload = headers["x-payload"]
    assert headers["authorization"] == claims["authorization"]
    assert json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sub"] == "ada"
    assert (headers["x-tier"], headers["x-level"]) == ("gold", "3")
    assert "x-tier" not in lab.ask(x_tier="forged").body["headers"]


def test_each_issuer_is_known_by_its_own_keys(lab: SecuredMesh) -> None:
    take(lab, rule(), rule(OTHER, fromHeaders=[{"name": "x-other"}]))
    assert lab.ask(**bearer(TOKEN)).status == 200
    assert lab.ask(x_other=OTHER.token()).status == 200
    assert lab.ask(**bearer(TOKEN), x_other=OTHER.token()).status == 200
    assert lab.ask(x_other=STRANGER.token()).status == UNAUTHORIZED
    take(lab, rule(), rule(OTHER))
    assert lab.ask(**bearer(OTHER.token())).status == 200
    assert lab.ask(**bearer(STRANGER.token())).status == UNAUTHORIZED


@pytest.mark.parametrize(
    ("condition", "met", "missed"),
    [
        ({"requestPrincipals": ["https://issuer.example/ada"]}, {"subject": "ada"}, {"subject": "bob"}),
        ({"requestPrincipals": ["*"]}, {"subject": "bob"}, None),
        ({"requestPrincipals": ["https://issuer.example/a*"]}, {"subject": "ada"}, {"subject": "bob"}),
        ({"requestPrincipals": ["*/bob"]}, {"subject": "bob"}, {"subject": "ada"}),
        ({"requestPrincipals": ["https://issuer.example/*"]}, {"subject": "x"}, None),
        ({"notRequestPrincipals": ["*"]}, None, {"subject": "ada"}),
        ({"key": "request.auth.principal", "notValues": ["*/ada"]}, {"subject": "bob"}, {"subject": "ada"}),
        ({"key": "request.auth.audiences", "values": ["shop"]}, {"aud": ["lab", "shop"]}, {"aud": "lab"}),
        ({"key": "request.auth.presenter", "values": ["app*"]}, {"azp": "app-1"}, {"azp": "1-app"}),
        ({"key": "request.auth.claims[group]", "values": ["a", "b"]}, {"group": "b"}, {"group": "c"}),
        ({"key": "request.auth.claims[group]", "values": ["a*"]}, {"group": ["x", "ab"]}, {"group": ["x"]}),
        ({"key": "request.auth.claims[group]", "notValues": ["a"]}, {"group": ["b"]}, {"group": ["a", "b"]}),
        ({"key": "request.auth.claims[scope]", "values": ["write"]}, {"scope": "read write"}, {"scope": "read"}),
        ({"key": "request.auth.claims[teams]", "values": ["b"]}, {"teams": "a b"}, {"teams": "a"}),
        ({"key": "request.auth.claims[realm][roles]", "values": ["x"]}, {"realm": {"roles": ["x"]}}, {"realm": "x"}),
    ],
    ids=str,
)
def test_rules_see_the_claims_of_a_checked_token(
    lab: SecuredMesh, condition: dict[str, Any], met: dict[str, Any] | None, missed: dict[str, Any] | None
) -> None:
    take(lab, rule(spaceDelimitedClaims=["teams"]))
    part = {"when": [condition]} if "key" in condition else {"from": [{"source": condition}]}
    lab.apply("AuthorizationPolicy", {"selector": {"matchLabels": {"app": "api"}}, "rules": [part]})

    def status(claims: dict[str, Any] | None) -> int:
        return lab.ask(**(bearer(ISSUER.token(**claims)) if claims is not None else {})).status

    assert (status(met), status(missed)) == (200, FORBIDDEN)


def test_keys_are_fetched_from_the_issuer_and_none_means_no_token_is_valid(lab: SecuredMesh) -> None:
    with published({"/keys": ISSUER.key_set}) as pages:
        take(lab, {"issuer": ISSUER.name, "jwksUri": f"{pages.url}/keys"})
        assert lab.ask(**bearer(TOKEN)).status == 200
        assert lab.ask(**bearer(STRANGER.token())).status == UNAUTHORIZED
        take(lab, {"issuer": ISSUER.name, "jwksUri": f"{pages.url}/nothing"})
        assert lab.ask(**bearer(TOKEN)).status == UNAUTHORIZED
        assert lab.ask().status == 200
        pages.content["/.well-known/openid-configuration"] = json.dumps({"jwks_uri": f"{pages.url}/own"})
        own = Issuer(pages.url)
        pages.content["/own"] = own.key_set
        take(lab, {"issuer": own.name})
        assert lab.ask(**bearer(own.token())).status == 200


def test_keys_of_a_service_of_the_mesh_are_fetched_at_its_proxy(lab: SecuredMesh) -> None:
    lab.ask(path="/kept/keys", method="PUT", target="batch:8000", body=ISSUER.key_set)
    take(lab, {"issuer": ISSUER.name, "jwksUri": "http://batch.lab.svc.cluster.local:8000/kept/keys"})
    assert lab.ask(**bearer(TOKEN)).status == 200
    lab.apply("PeerAuthentication", {"mtls": {"mode": "STRICT"}})
    try:
        take(lab, {"issuer": ISSUER.name, "jwksUri": "http://batch.lab:8000/kept/keys"})
        assert lab.ask(**bearer(TOKEN)).status == UNAUTHORIZED, "nobody without an identity is let in"
    finally:
        lab.apply("PeerAuthentication", {"mtls": {"mode": "PERMISSIVE"}})


def test_a_gateway_checks_tokens_too(lab: SecuredMesh) -> None:
    take(lab)
    lab.apply("RequestAuthentication", {"selector": {"matchLabels": {"gateway": "door"}}, "jwtRules": [rule()]})
    assert lab.ask_at_door(**bearer(TOKEN)).status == 200
    assert lab.ask_at_door(**bearer(STRANGER.token())).status == UNAUTHORIZED
    assert lab.ask(**bearer(STRANGER.token())).status == 200
