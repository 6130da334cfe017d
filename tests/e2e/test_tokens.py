"""The keys of token issuers, fetched for a running mesh on both control planes.

What tokens mean is stated by the parity cases.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.secured_mesh import SecuredMesh
from tests.published import published
from tests.tokens import Issuer

UNAUTHORIZED = 401
ISSUER = Issuer("https://issuer.example")
STRANGER = Issuer("https://issuer.example")
"""Calls itself as the issuer does, but has another key."""
TOKEN = ISSUER.token()


@pytest.fixture(scope="module")
def lab(control_plane: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredMesh]:
    with SecuredMesh(tmp_path_factory.mktemp("lab") / "state", control_plane) as mesh:
        yield mesh


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def take(lab: SecuredMesh, *rules: dict[str, Any]) -> None:
    lab.apply("RequestAuthentication", {"selector": {"matchLabels": {"app": "api"}}, "jwtRules": list(rules)})


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
