"""Both compilers' configurations of every case mean the same, but for what loopmesh declares."""

from pathlib import Path

import pytest

from loopmesh.policies import read_application
from tests.parity.case import LAB_FOLDER, OUTSIDE_PORT, OUTSIDE_TLS_PORT, Case, all_cases
from tests.parity.generator import Verifier

PLACES = {OUTSIDE_PORT: "18200", OUTSIDE_TLS_PORT: "18443", LAB_FOLDER: "/tmp"}
APPLICATION = read_application(Path(__file__).with_name("lab") / "values.yaml")


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.name)
def test_only_declared_differences(verifier: Verifier, case: Case) -> None:
    case = case.placed(PLACES)
    found = verifier.undeclared(APPLICATION, [("policies.yaml", case.policies), ("meshconfig.yaml", case.mesh_config)])
    assert not found, "\n".join(found)


def test_a_log_file_of_the_mesh_is_not_that_of_the_question_before(verifier: Verifier) -> None:
    for path in ("/tmp/one", "/tmp/other"):
        assert not verifier.undeclared(APPLICATION, [("meshconfig.yaml", f"accessLogFile: {path}")])


def test_a_name_that_a_patch_gives_to_two_ports_is_told(verifier: Verifier) -> None:
    policy = """
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: twice, namespace: lab}
spec:
  configPatches:
  - applyTo: VIRTUAL_HOST
    match: {context: SIDECAR_OUTBOUND, routeConfiguration: {vhost: {name: "greeter.lab.svc.cluster.local:7000"}}}
    patch: {operation: MERGE, value: {domains: ["server.lab:8000"]}}
"""
    (told,) = verifier.undeclared(APPLICATION, [("policies.yaml", policy)])
    assert "names of" in told
    assert "loopmesh has server.lab:8000 twice in its one set of routes" in told


def test_by_which_of_its_addresses_a_host_is_called_is_chance_with_istio(verifier: Verifier) -> None:
    policy = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: several, namespace: lab}
spec:
  hosts: [several.example.com]
  addresses: [10.0.0.1, 10.0.0.2]
  resolution: STATIC
  ports: [{number: 80, name: http, protocol: HTTP}]
  endpoints: [{address: 127.0.0.1}]
"""
    assert not verifier.undeclared(APPLICATION, [("policies.yaml", policy)])


def test_policies_without_a_spec_mean_the_same(verifier: Verifier) -> None:
    kinds = {"RequestAuthentication": "security", "PeerAuthentication": "security", "AuthorizationPolicy": "security"}
    kinds |= {"Telemetry": "telemetry"}
    policies = [
        f"{{apiVersion: {group}.istio.io/v1, kind: {kind}, metadata: {{name: silent, namespace: guests}}}}"
        for kind, group in kinds.items()
    ]
    assert not verifier.undeclared(APPLICATION, [("policies.yaml", "\n---\n".join(policies))])
