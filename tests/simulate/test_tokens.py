"""Which tokens let a call through, and what later rules know of them."""

from loopmesh.simulate import Call, Request, Verdict
from tests.simulate.compiled_mesh import CompiledMesh, lab, landing
from tests.tokens import Issuer

ISSUER = Issuer("https://issuer.example")
STRANGER = Issuer("https://issuer.example")
NOW_S = 1_700_000_000.0


def policies(*, audience: str = "", required: bool = False) -> tuple[str, ...]:
    tokens = f"""
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {{name: web}}
spec:
  selector: {{matchLabels: {{app: web}}}}
  jwtRules:
  - issuer: {ISSUER.name}
    jwks: '{ISSUER.key_set}'
    {f"audiences: [{audience}]" if audience else ""}
    outputClaimToHeaders: [{{header: x-user, claim: sub}}]
"""
    rules = f"""
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: web}}
spec:
  selector: {{matchLabels: {{app: web}}}}
  rules: [{{from: [{{source: {{requestPrincipals: ["{ISSUER.name}/ada"]}}}}]}}]
"""
    return (tokens, rules) if required else (tokens,)


def call(mesh: CompiledMesh, token: str | None = None, at_s: float = NOW_S) -> Call:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return mesh.call("client", Request(authority="web:8000", path="/", headers=headers, made_at_s=at_s))


def verdict_and_reason(made: Call) -> tuple[Verdict, str]:
    inbound = landing(made).instances[0].inbound
    assert inbound is not None
    return inbound.verdict, inbound.checks[-1].reason if inbound.checks else ""


def token(**claims: object) -> str:
    return ISSUER.token(**{"exp": NOW_S + 3600, **claims})  # type: ignore[arg-type]


def test_without_a_token_a_call_goes_on_and_with_a_valid_one_too() -> None:
    mesh = lab(*policies())
    assert verdict_and_reason(call(mesh)) == (Verdict.REACHES, "")
    assert verdict_and_reason(call(mesh, token())) == (Verdict.REACHES, "")


def test_a_token_that_is_not_what_it_says_is_refused_with_envoys_words() -> None:
    mesh = lab(*policies(audience="web"))
    assert verdict_and_reason(call(mesh, token(aud="shop")))[1] == "Audiences in Jwt are not allowed"
    assert verdict_and_reason(call(mesh, token(aud=["web"])))[0] is Verdict.REACHES
    mesh = lab(*policies())
    forged = STRANGER.token(exp=NOW_S + 3600)
    assert verdict_and_reason(call(mesh, forged)) == (Verdict.UNAUTHENTICATED, "Jwt verification fails")
    foreign = Issuer("https://other.example").token(exp=NOW_S + 3600)
    assert verdict_and_reason(call(mesh, foreign)) == (Verdict.UNAUTHENTICATED, "Jwt issuer is not configured")
    assert verdict_and_reason(call(mesh, "no-token"))[0] is Verdict.UNAUTHENTICATED


def test_a_token_is_valid_until_it_expires_and_a_minute_longer() -> None:
    mesh = lab(*policies())
    assert verdict_and_reason(call(mesh, token(), NOW_S + 3650))[0] is Verdict.REACHES
    assert verdict_and_reason(call(mesh, token(), NOW_S + 3670)) == (Verdict.UNAUTHENTICATED, "Jwt is expired")


def test_rules_know_who_a_token_is_for() -> None:
    mesh = lab(*policies(required=True))
    assert verdict_and_reason(call(mesh))[0] is Verdict.DENIED
    assert verdict_and_reason(call(mesh, token()))[0] is Verdict.REACHES
    assert verdict_and_reason(call(mesh, token(sub="bob")))[0] is Verdict.DENIED


def test_a_claim_of_another_kind_than_the_standard_s_is_refused_with_envoys_words() -> None:
    mesh = lab(*policies())
    for claim, value, said in (
        ("exp", "soon", "Jwt payload [exp] field is not an integer"),
        ("nbf", True, "Jwt payload [nbf] field is not an integer"),
        ("iat", -1, "Jwt payload [iat] field is not a positive 64 bit integer"),
        ("sub", 7, "Jwt payload [sub] field is not a string"),
        ("aud", [7], "Jwt payload [aud] field is not a string or string list"),
    ):
        assert verdict_and_reason(call(mesh, token(**{claim: value})))[1] == said
