"""`mesh explain --jwt` on a running mesh: a token's fate is told as it happens, with the rule in the user's file."""

from collections.abc import Callable
from pathlib import Path

import grpc
import pytest

from loopmesh.testing import Mesh, MeshSession, TokenIssuer
from tests.testing.test_explain import run

ISSUER = TokenIssuer()
TOKENS = f"""
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {{name: backend}}
spec:
  selector: {{matchLabels: {{app: backend}}}}
  jwtRules:
  - issuer: {ISSUER.issuer}
    audiences: [lab]
    jwks: '{ISSUER.jwks}'
"""
ONLY_ADA = f"""
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: backend}}
spec:
  selector: {{matchLabels: {{app: backend}}}}
  rules: [{{from: [{{source: {{requestPrincipals: ["{ISSUER.issuer}/ada"]}}}}]}}]
"""
RULE = "RequestAuthentication lab/backend (argument 1 of apply:8)"
ASKING = "AuthorizationPolicy lab/backend (argument 2 of apply:7)"
TAKEN = ISSUER.token(sub="ada", aud="lab")


@pytest.fixture
def explain(mesh_session: MeshSession, tmp_path: Path) -> Callable[[str], str]:
    """What is said of a call with a token; an empty one is none."""

    def said(token: str) -> str:
        file = tmp_path / "token"
        file.write_text(token)
        return run(mesh_session, "--from", "caller", "backend:7000", "a.B/C", *(["--jwt", str(file)] if token else []))

    return said


@pytest.mark.parametrize(
    ("token", "code", "told"),
    [
        (TAKEN, grpc.StatusCode.OK, f"taken: of {ISSUER.issuer} for ada  [{RULE}]"),
        ("", grpc.StatusCode.PERMISSION_DENIED, f"{ASKING} allows POST /a.B/C only with a token, and there is none"),
        (
            ISSUER.token(sub="bob", aud="lab"),
            grpc.StatusCode.PERMISSION_DENIED,
            f"{ASKING} allows POST /a.B/C with a token, but not with the one of {ISSUER.issuer} for bob",
        ),
        (
            ISSUER.token(sub="ada", aud="lab", expires_in_s=-3600),
            grpc.StatusCode.UNAUTHENTICATED,
            f"{RULE} refuses the token: it has expired at",
        ),
        (
            ISSUER.token(sub="ada", aud="shop"),
            grpc.StatusCode.PERMISSION_DENIED,
            f"{RULE} refuses the token: it is for shop, and the rule takes only lab",
        ),
        (
            TokenIssuer("https://nobody.example").token(sub="ada", aud="lab"),
            grpc.StatusCode.UNAUTHENTICATED,
            f"{RULE} refuses the token: its issuer is https://nobody.example, not {ISSUER.issuer}",
        ),
        (
            TokenIssuer().token(sub="ada", aud="lab"),
            grpc.StatusCode.UNAUTHENTICATED,
            f"{RULE} refuses the token: it is not signed with a key of {ISSUER.issuer}, or was changed",
        ),
    ],
    ids=["taken", "none", "another subject", "expired", "another audience", "unknown issuer", "another key"],
)
def test_a_token_is_told_to_be_taken_or_refused_as_it_is(
    mesh: Mesh, explain: Callable[[str], str], token: str, code: grpc.StatusCode, told: str
) -> None:
    mesh.apply(TOKENS, ONLY_ADA)
    headers = {"authorization": f"Bearer {token}"} if token else {}
    assert mesh.call("caller", "backend:7000", headers=headers).code is code
    assert told in explain(token)
