"""Workloads of the root namespace, such as an ingress gateway where Istio's own charts put it."""

from pathlib import Path

import pytest

from loopmesh.model.application import Application
from loopmesh.policies import read_application
from tests.parity.generator import Verifier

VALUES = """
namespace: lab
services:
  server: {command: [python], ports: {http: 8000}, versions: {v1: {}}}
  collector: {namespace: istio-system, command: [python], ports: {http: 8000}, versions: {v1: {}}}
gateways:
  ingress: {namespace: istio-system, labels: {istio: ingressgateway}, replicas: 1}
"""
GATEWAY = """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: front, namespace: istio-system}
spec:
  selector: {istio: ingressgateway}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]
---
"""
TELEMETRY = """
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: front, namespace: istio-system}
spec:
  selector: {matchLabels: {istio: ingressgateway}}
  tracing: [{randomSamplingPercentage: 12.5, customTags: {place: {literal: {value: edge}}}}]
"""
SIDECAR = """
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: collector, namespace: istio-system}
spec:
  workloadSelector: {labels: {app: collector}}
  egress: [{hosts: ["./*"]}]
"""


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Application:
    values: Path = tmp_path_factory.mktemp("root") / "values.yaml"
    values.write_text(VALUES)
    return read_application(values)


@pytest.mark.parametrize("policies", [GATEWAY + TELEMETRY, SIDECAR], ids=["telemetry", "sidecar"])
def test_a_policy_of_the_root_namespace_that_selects_a_workload_there_means_the_same_as_under_istio(
    verifier: Verifier, application: Application, policies: str
) -> None:
    assert not verifier.undeclared(application, [("policies.yaml", policies)])
