"""Authorizers of the mesh config, as policies name them."""

import pytest

from loopmesh.model.authorization import Verdict
from loopmesh.model.problem import InvalidInputError
from loopmesh.policies import PolicySet, check_policies
from tests.policies.reading import APPLICATION

POLICY = """
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: ask}
spec: {action: CUSTOM, provider: {name: asked}, rules: [{}]}
"""


ADDED = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: authorizer}
spec:
  hosts: [authorizer.example]
  location: MESH_EXTERNAL
  resolution: STATIC
  ports: [{number: 50051, name: grpc, protocol: GRPC}]
  endpoints: [{address: 127.0.0.1, ports: {grpc: 9000}}]
"""


def policy_set(service: str, port: int = 50051, name: str = "asked") -> PolicySet:
    address = f"{{service: {service}, port: {port}}}"
    config = f"extensionProviders: [{{name: {name}, envoyExtAuthzGrpc: {address}}}]"
    files = {"meshconfig.yaml": config, "policy.yaml": POLICY, "added.yaml": ADDED}
    return PolicySet.parse([(file, text.encode()) for file, text in files.items()], "shop")


@pytest.mark.parametrize(
    "service",
    [
        "orders.shop.svc.cluster.local",
        "shop/orders.shop.svc.cluster.local",
        "authorizer.example",
        "shop/authorizer.example",
    ],
)
def test_a_policy_names_an_authorizer_of_the_mesh_config(service: str) -> None:
    (policy,) = check_policies(policy_set(service), APPLICATION).authorization_policies
    assert (policy.verdict, policy.authorizer) == (Verdict.CUSTOM, "asked")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            policy_set("orders.shop.svc.cluster.local", name="other"),
            (
                "policy.yaml:5: AuthorizationPolicy shop/ask: provider asked: "
                "no extension provider of the mesh config is an authorizer of this name; known: other"
            ),
        ),
        (
            policy_set("nobody.shop.svc.cluster.local"),
            (
                "meshconfig.yaml:1: extension provider asked: nobody.shop.svc.cluster.local:50051: "
                "there is no such service; name a service of the values or of a ServiceEntry"
            ),
        ),
        (
            policy_set("lab/authorizer.example"),
            (
                "meshconfig.yaml:1: extension provider asked: lab/authorizer.example:50051: "
                "there is no such service; name a service of the values or of a ServiceEntry"
            ),
        ),
        (
            policy_set("orders.shop.svc.cluster.local", port=1),
            (
                "meshconfig.yaml:1: extension provider asked: orders.shop.svc.cluster.local:1: "
                "the service has no such port; use 50051, 8080"
            ),
        ),
    ],
)
def test_an_authorizer_nobody_could_ask_is_refused(given: PolicySet, said: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_policies(given, APPLICATION)
    assert [str(problem) for problem in caught.value.problems] == [said]
