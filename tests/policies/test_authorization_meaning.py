"""What authorization policies come to mean in the words of the mesh."""

import pytest

from loopmesh.model.authorization import Aspect, AuthorizationPolicy, Condition, Verdict
from loopmesh.model.policy import WorkloadSelector
from loopmesh.policies.authorization_condition import Attribute, parse_key
from tests.policies.goldens import FOLDER
from tests.policies.reading import read_fixture


@pytest.fixture(scope="module")
def policies() -> tuple[AuthorizationPolicy, ...]:
    return read_fixture(FOLDER / "valid" / "authorization_policy.yaml").authorization_policies


def condition(aspect: Aspect, *values: str, no: tuple[str, ...] = (), key: tuple[str, ...] = ()) -> Condition:
    return Condition(aspect=aspect, key=key, values=values, excluded=no)


def test_a_policy_without_rules_allows_nothing(policies: tuple[AuthorizationPolicy, ...]) -> None:
    for policy in policies[:2]:
        assert (policy.verdict, policy.rules) == (Verdict.ALLOW, ())
        assert policy.selector == WorkloadSelector(namespace="shop")


def test_a_source_keeps_every_condition(policies: tuple[AuthorizationPolicy, ...]) -> None:
    peers, namespaces, accounts = policies[2].rules[0].callers
    assert peers == (
        condition(Aspect.PEER_PRINCIPAL, "cluster.local/ns/shop/*", "*", no=("*/sa/orders",)),
        condition(Aspect.TOKEN_PRINCIPAL, "https://issuer.example/*", no=("*",)),
        condition(Aspect.PEER_TRUST_DOMAIN, "cluster.local", no=("*.example",)),
        condition(Aspect.CLIENT_ADDRESS, "192.0.2.0/24", no=("192.0.2.1",)),
        condition(Aspect.PEER_ADDRESS, "10.0.0.0/8", "127.0.0.1", no=("::1",)),
    )
    assert namespaces == (condition(Aspect.PEER_NAMESPACE, "shop", "a*b", no=("lab",)),)
    assert accounts == (condition(Aspect.PEER_SERVICE_ACCOUNT, "shop/orders", "lab/web", no=("shop/edge",)),)


def test_an_operation_keeps_every_condition(policies: tuple[AuthorizationPolicy, ...]) -> None:
    first, second = policies[2].rules[0].operations
    assert first == (condition(Aspect.HOST, "*.local", no=("a",)), condition(Aspect.PORT, "50051", no=("1",)))
    assert second == (
        condition(Aspect.METHOD, "POST", no=("GET",)),
        condition(Aspect.PATH, "/a/*", "/a/{*}/b/{**}", no=("/a/b",)),
    )


def test_conditions_keep_their_names(policies: tuple[AuthorizationPolicy, ...]) -> None:
    assert policies[2].rules[0].conditions == (
        condition(Aspect.HEADER, "a", no=("b*",), key=("x-user",)),
        condition(Aspect.TOKEN_CLAIM, "admin", key=("realm", "roles")),
        condition(Aspect.TOKEN_CLAIM, "x", key=("a[b]",)),
        condition(Aspect.FILTER_NOTE, "[z]", key=("envoy.filters.http.x", "y")),
        condition(Aspect.PEER_SERVICE_ACCOUNT, "shop/orders"),
        condition(Aspect.PORT, no=("8080",)),
    )
    assert [one.aspect for one in policies[3].rules[0].conditions] == [
        Aspect.PEER_ADDRESS,
        Aspect.CLIENT_ADDRESS,
        Aspect.PEER_NAMESPACE,
        Aspect.PEER_TRUST_DOMAIN,
        Aspect.PEER_PRINCIPAL,
        Aspect.TOKEN_PRINCIPAL,
        Aspect.TOKEN_AUDIENCE,
        Aspect.TOKEN_PRESENTER,
        Aspect.ADDRESS,
        Aspect.SERVER_NAME,
    ]


@pytest.mark.parametrize(
    ("key", "attribute"),
    [
        ("request.auth.claims[iss]", Attribute(Aspect.TOKEN_CLAIM, ("iss",))),
        ("request.auth.claims[a][b][c]", Attribute(Aspect.TOKEN_CLAIM, ("a", "b", "c"))),
        ("request.auth.claims[https://a.example/b.c]", Attribute(Aspect.TOKEN_CLAIM, ("https://a.example/b.c",))),
        ("request.auth.claims[a]b", None),
        ("request.auth.claims", None),
        ("request.headers[a][b]", Attribute(Aspect.HEADER, ("a][b",))),
        ("Source.ip", None),
        ("experimental.envoy.filters.a.b[c]", Attribute(Aspect.FILTER_NOTE, ("envoy.filters.a.b", "c"))),
        ("envoy.filters.a.b[c]", None),
    ],
)
def test_a_key_names_an_attribute_as_istio_reads_it(key: str, attribute: Attribute | None) -> None:
    assert parse_key(key) == attribute
