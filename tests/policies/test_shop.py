"""The policies that come with the product: valid, and no wider than they say."""

import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from loopmesh.model.authorization import Aspect, Conditions, Verdict
from loopmesh.model.policies import Policies
from loopmesh.model.security import PeerMode
from loopmesh.policies import PolicySet, check_policies, read_application, read_files

REPOSITORY = Path(__file__).parents[2]
SERVICES = ("catalog", "inventory", "orders", "shipping", "wallet")
REFLECTION = ("/grpc.reflection.v1.", "/grpc.reflection.v1alpha.")
INTERNAL = {"AddStock", "Reserve", "Commit", "Release", "Debit", "Refund", "ArrangeShipment", "CancelShipment"}


def load(values: Path, policies: Path) -> Policies:
    application = read_application(values)
    return check_policies(PolicySet.parse(read_files([policies]), application.namespace), application)


@pytest.fixture(scope="module")
def shop() -> Policies:
    return load(REPOSITORY / "helm/shop/values.yaml", REPOSITORY / "istio")


def methods() -> Iterator[str]:
    """Every gRPC path of the contracts."""
    for name in SERVICES:
        module = importlib.import_module(f"shop.{name}.v1.{name}_pb2")
        for service in module.DESCRIPTOR.services_by_name.values():
            yield from (f"/{service.full_name}/{method.name}" for method in service.methods)


def values(conditions: Conditions, aspect: Aspect) -> list[str]:
    return [value for condition in conditions if condition.aspect is aspect for value in condition.values]


@pytest.mark.parametrize("application", ["foreign", "scripted"])
def test_the_applications_of_the_tests_are_valid(application: str) -> None:
    folder = REPOSITORY / "tests/e2e" / application
    load(folder / "values.yaml", folder / "policies")


def test_nobody_talks_plaintext_and_what_no_policy_allows_is_denied(shop: Policies) -> None:
    (peers,) = shop.peer_authentications
    assert (peers.mode, peers.selector.namespace, peers.selector.labels) == (PeerMode.STRICT, "istio-system", {})
    assert any(not policy.rules and not policy.selector.labels for policy in shop.authorization_policies)
    assert all(policy.verdict is Verdict.ALLOW for policy in shop.authorization_policies)


def test_services_allow_only_named_callers_and_only_methods_that_exist(shop: Policies) -> None:
    known = set(methods())
    of_services = [policy for policy in shop.authorization_policies if "app" in policy.selector.labels]
    assert {policy.selector.labels["app"] for policy in of_services} == set(SERVICES)
    for rule in (rule for policy in of_services for rule in policy.rules):
        assert rule.callers
        assert rule.operations
        for caller in rule.callers:
            principals = values(caller, Aspect.PEER_PRINCIPAL)
            assert all(name.startswith("cluster.local/ns/shop/sa/") for name in principals)
            assert principals
        for path in (path for operation in rule.operations for path in values(operation, Aspect.PATH)):
            assert path in known or path.startswith(REFLECTION), path


def test_the_edge_may_call_no_internal_method(shop: Policies) -> None:
    edge = "cluster.local/ns/shop/sa/edge"
    for policy in shop.authorization_policies:
        for rule in policy.rules:
            if (
                any(edge in values(caller, Aspect.PEER_PRINCIPAL) for caller in rule.callers)
                or "istio" in policy.selector.labels
            ):
                paths = [path for operation in rule.operations for path in values(operation, Aspect.PATH)]
                assert not [path for path in paths if path.rpartition("/")[2] in INTERNAL]
