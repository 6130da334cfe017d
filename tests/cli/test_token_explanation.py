"""What is said of a call's token: which rule takes or refuses it, in plain words beside Envoy's."""

import re

from loopmesh.cli.explain.advice import Advice
from loopmesh.cli.explain.advise import advise
from loopmesh.cli.explain.text import explanation_lines
from loopmesh.simulate import Call
from tests.simulate.compiled_mesh import lab
from tests.simulate.test_tokens import ISSUER, NOW_S, STRANGER, call, policies, token
from tests.tokens import Issuer

INSTANCE = re.compile(r"web-v\d-\d")
RULE = "RequestAuthentication lab/web spec.jwtRules[0]"
OTHER = """
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: others}
spec: {selector: {matchLabels: {app: web}}, jwtRules: [{issuer: https://a.example, jwks: '%s'}]}
"""


def token_line(made: Call) -> str:
    return next(line for line in explanation_lines(made, {}) if line.strip().startswith("token")).split(None, 1)[1]


def advice(made: Call) -> Advice:
    """The same of every instance, but for its name."""
    told = {INSTANCE.sub("web", one.why): one for one in advise(made, {})}
    (only,) = told.values()
    return only


def test_the_rule_that_takes_a_token_is_named_with_whose_it_is() -> None:
    assert token_line(call(lab(*policies()), token())) == f"taken: of https://issuer.example for ada  [{RULE}]"


def test_no_token_is_told_as_none() -> None:
    assert token_line(call(lab(*policies()))) == "none, and none is asked for"


def test_an_expired_token_is_told_with_when_it_has_expired() -> None:
    made = call(lab(*policies()), token(exp=NOW_S - 3600))
    expired = "it has expired at 2023-11-14 21:13:20 UTC"
    assert token_line(made) == f"refused with HTTP 401: {expired} (Jwt is expired)  [{RULE}]"
    assert advice(made) == Advice(why=f"{RULE} refuses the token: {expired}", remedy="get a fresh one from its issuer")


def test_a_token_for_somebody_else_is_told_with_both_audiences() -> None:
    made = call(lab(*policies(audience="web")), token(aud="shop"))
    assert token_line(made).startswith("refused with HTTP 403: it is for shop, and the rule takes only web (Audiences")
    nobody = call(lab(*policies(audience="web")), token())
    assert "it does not say whom it is for, and the rule takes only web" in advice(nobody).why


def test_an_issuer_that_no_rule_knows_is_told_with_those_that_are_known() -> None:
    foreign = Issuer("https://other.example").token(exp=NOW_S + 3600)
    assert advice(call(lab(*policies()), foreign)).why == (
        f"{RULE} refuses the token: its issuer is https://other.example, not https://issuer.example"
    )
    several = advice(call(lab(*policies(), OTHER % ISSUER.key_set), foreign))
    assert several.why == (
        f"RequestAuthentication lab/others spec.jwtRules[0] and {RULE} refuse the token: no rule knows its issuer"
    )


def test_of_several_rules_the_one_that_knows_the_issuer_says_what_is_wrong() -> None:
    made = call(lab(OTHER % ISSUER.key_set, *policies()), STRANGER.token(exp=NOW_S + 3600))
    assert advice(made).why.startswith(f"{RULE} refuses the token: it is not signed with a key of https://issuer.ex")


def test_what_is_no_token_is_told_so() -> None:
    assert advice(call(lab(*policies()), "secret")).remedy.startswith("send the whole token: three parts")


def test_a_rule_that_asks_for_a_token_is_told_to_ask_for_one() -> None:
    mesh = lab(*policies(required=True))
    rule = "AuthorizationPolicy lab/web spec.rules[0]"
    assert advice(call(mesh)) == Advice(
        why=f"{rule} allows GET / only with a token, and there is none", remedy="send one, as --jwt FILE does"
    )
    assert advice(call(mesh, token(sub="bob"))).why == (
        f"{rule} allows GET / with a token, but not with the one of https://issuer.example for bob"
    )


def test_a_rule_that_asks_for_a_token_nobody_reads_is_told_so() -> None:
    _, rules = policies(required=True)
    assert advice(call(lab(rules), token())).remedy == (
        "add a RequestAuthentication that selects it, with the issuer's rule"
    )
