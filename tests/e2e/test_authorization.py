"""AuthorizationPolicy where a running mesh shows more than the parity cases do: ports of the edge, names of rules."""

from collections.abc import Iterator

import pytest

from tests.e2e.secured_mesh import SecuredMesh

FORBIDDEN = 403


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredMesh]:
    with SecuredMesh(tmp_path_factory.mktemp("lab") / "state") as mesh:
        yield mesh


def test_a_gateway_decides_by_the_port_its_policy_opens(lab: SecuredMesh) -> None:
    at_door = {"selector": {"matchLabels": {"gateway": "door"}}}
    lab.apply("AuthorizationPolicy", {**at_door, "rules": [{"to": [{"operation": {"ports": ["80"]}}]}]})
    assert lab.ask_at_door().status == 200
    lab.apply("AuthorizationPolicy", {**at_door, "rules": [{"to": [{"operation": {"notPorts": ["80"]}}]}]})
    assert lab.ask_at_door().status == FORBIDDEN


def test_a_workload_decides_by_the_port_its_callers_dial(lab: SecuredMesh) -> None:
    lab.apply("AuthorizationPolicy", {"rules": [{"to": [{"operation": {"ports": ["9000"]}}]}]})
    assert lab.ask("web", target="api:9000").status == 200
    assert lab.ask("web").status == FORBIDDEN


def test_istios_tools_find_the_rule_that_decided(lab: SecuredMesh) -> None:
    rules = [{"to": [{"operation": {"paths": [path]}}]} for path in ("/a", "/b")]
    lab.apply("AuthorizationPolicy", {"rules": rules})
    assert '"ns[lab]-policy[tested]-rule[1]"' in lab.mesh.command("config", "api-v1-0")
