"""What is told of policies before anything runs, whoever compiles them."""

from pathlib import Path

import pytest

from loopmesh.cli.compiler import choose_compiler
from loopmesh.cli.options import ControlPlaneKind
from loopmesh.policies import PolicySet, read_application

SHOP = read_application(Path(__file__).parents[2] / "helm/shop/values.yaml")
SELDOM_MEANT = """apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: wallet}
spec:
  hosts: [wallet]
  http:
  - route: [{destination: {host: wallet}}]
  - match: [{uri: {prefix: /never}}]
    route: [{destination: {host: wallet}}]
"""
REFUSED_HERE = """---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: catalog}
spec:
  hosts: [catalog]
  http: [{timeout: soon, route: [{destination: {host: catalog}}]}]
"""


def warnings(kind: ControlPlaneKind, policies: str) -> list[str]:
    policy_set = PolicySet.parse([("policies.yaml", policies.encode())], SHOP.namespace)
    return list(map(str, choose_compiler(kind).check(policy_set, SHOP).warnings))


@pytest.mark.parametrize("kind", ControlPlaneKind)
def test_what_is_seldom_meant_is_told_whoever_compiles_it(kind: ControlPlaneKind) -> None:
    (told,) = warnings(kind, SELDOM_MEANT)
    assert told.startswith("policies.yaml:8: warning: VirtualService shop/wallet: http route #1: ")


def test_policies_loopmesh_refuses_keep_no_warning_of_others_from_being_told_under_istio() -> None:
    told = warnings(ControlPlaneKind.ISTIO, SELDOM_MEANT + REFUSED_HERE)
    assert told == warnings(ControlPlaneKind.ISTIO, SELDOM_MEANT) != []
