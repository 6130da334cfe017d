"""AuthorizationPolicy, condition by condition, as a service behind two proxies meets it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.secured_mesh import SecuredMesh

FORBIDDEN = 403


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredMesh]:
    with SecuredMesh(tmp_path_factory.mktemp("lab") / "state") as mesh:
        yield mesh


def source(**fields: list[str]) -> dict[str, Any]:
    return {"from": [{"source": fields}]}


def operation(**fields: list[str]) -> dict[str, Any]:
    return {"to": [{"operation": fields}]}


def when(key: str, **fields: list[str]) -> dict[str, Any]:
    return {"when": [{"key": key, **fields}]}


WEB = "cluster.local/ns/lab/sa/web"
SNI = "outbound_.8000_._.api.lab.svc.cluster.local"
CALLERS: list[tuple[dict[str, Any], set[str]]] = [
    (source(principals=[WEB]), {"web"}),
    (source(principals=["*/sa/web"]), {"web"}),
    (source(principals=["cluster.local/ns/lab/sa/w*"]), {"web"}),
    (source(principals=["*"]), {"web", "batch"}),
    (source(notPrincipals=[WEB]), {"batch"}),
    (source(principals=["*"], notPrincipals=["*/sa/batch"]), {"web"}),
    (source(namespaces=["lab"]), {"web", "batch"}),
    (source(namespaces=["la*"]), {"web", "batch"}),
    (source(namespaces=["l"]), set()),
    (source(notNamespaces=["lab"]), set()),
    (source(serviceAccounts=["web"]), {"web"}),
    (source(serviceAccounts=["lab/batch", "other/web"]), {"batch"}),
    (source(notServiceAccounts=["web"]), {"batch"}),
    (source(trustDomains=["cluster.local"]), {"web", "batch"}),
    (source(trustDomains=["*.local"]), {"web", "batch"}),
    (source(trustDomains=["cluster"]), set()),
    (source(notTrustDomains=["*"]), set()),
    (source(ipBlocks=["127.0.0.0/8"]), {"web", "batch"}),
    (source(ipBlocks=["10.0.0.0/8"]), set()),
    (source(notIpBlocks=["127.0.0.1"]), set()),
    (when("source.principal", values=[WEB]), {"web"}),
    (when("source.namespace", notValues=["lab"]), set()),
    (when("source.serviceAccount", values=["web"]), {"web"}),
    (when("source.trustDomain", values=["cluster.*"]), {"web", "batch"}),
    (when("source.ip", values=["127.0.0.1"]), {"web", "batch"}),
    (when("destination.ip", values=["127.0.0.0/8"]), {"web", "batch"}),
    (when("destination.ip", notValues=["127.0.0.1"]), set()),
    (when("destination.port", values=["8000"]), {"web", "batch"}),
    (when("destination.port", values=["9000"]), set()),
    (when("connection.sni", values=[SNI]), {"web", "batch"}),
    (when("connection.sni", values=["outbound_.9000_*"]), set()),
    (
        {"from": [{"source": {"principals": ["*/sa/web"]}}, {"source": {"principals": ["*/sa/batch"]}}]},
        {"web", "batch"},
    ),
    ({**source(principals=["*/sa/web"]), **when("source.principal", values=["*/sa/batch"])}, set()),
]
REQUESTS: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    (operation(methods=["GET"]), {"method": "GET"}, {"method": "POST"}),
    (operation(methods=["P*"]), {"method": "PUT"}, {"method": "GET"}),
    (operation(notMethods=["GET"]), {"method": "POST"}, {"method": "GET"}),
    (operation(paths=["/a"]), {"path": "/a?x=1"}, {"path": "/a/"}),
    (operation(paths=["/a*"]), {"path": "/abc"}, {"path": "/b"}),
    (operation(paths=["*/b"]), {"path": "/a/b"}, {"path": "/a/b/c"}),
    (operation(notPaths=["/a*"]), {"path": "/b"}, {"path": "/ab"}),
    (operation(paths=["/a/{*}/c"]), {"path": "/a/b/c"}, {"path": "/a/b/b/c"}),
    (operation(paths=["/a/{**}"]), {"path": "/a/b/c"}, {"path": "/b/a"}),
    (operation(paths=["/{*}/b/{**}/d"]), {"path": "/a/b/x/y/d"}, {"path": "/a/b/x/y"}),
    (operation(notPaths=["/a/{*}"]), {"path": "/a/b/c"}, {"path": "/a/b"}),
    (operation(hosts=["API:8000"], paths=["/a"]), {"path": "/a"}, {"path": "/b"}),
    (operation(notHosts=["other*"], methods=["PUT"]), {"method": "PUT"}, {"method": "GET"}),
    (operation(ports=["8000"]), {}, {"target": "api:9000"}),
    (operation(notPorts=["8000"]), {"target": "api:9000"}, {}),
    (when("request.headers[x-user]", values=["ada"]), {"x_user": "ada"}, {"x_user": "Ada"}),
    (when("request.headers[x-user]", values=["*"]), {"x_user": "anyone"}, {}),
    (when("request.headers[x-user]", values=["a*", "*z"]), {"x_user": "xyz"}, {"x_user": "xyzzy"}),
    (when("request.headers[X-User]", notValues=["ada"]), {}, {"x_user": "ada"}),
    (source(remoteIpBlocks=["192.0.2.0/24"]), {"x_forwarded_for": "192.0.2.7"}, {"x_forwarded_for": "198.51.100.1"}),
    (source(notRemoteIpBlocks=["192.0.2.7"]), {}, {"x_forwarded_for": "192.0.2.7"}),
    (when("remote.ip", values=["192.0.2.7"]), {"x_forwarded_for": "192.0.2.7"}, {}),
    ({"to": [*operation(paths=["/a"])["to"], *operation(methods=["PUT"])["to"]]}, {"method": "PUT"}, {"path": "/b"}),
    (operation(paths=["/a"], methods=["PUT"]), {"path": "/a", "method": "PUT"}, {"path": "/a"}),
]


@pytest.mark.parametrize(("rule", "allowed"), CALLERS, ids=str)
def test_a_rule_allows_the_callers_it_names(lab: SecuredMesh, rule: dict[str, Any], allowed: set[str]) -> None:
    lab.apply("AuthorizationPolicy", {"rules": [rule]})
    answers = {caller: lab.ask(caller).status for caller in ("web", "batch")}
    assert answers == {caller: 200 if caller in allowed else FORBIDDEN for caller in ("web", "batch")}


@pytest.mark.parametrize(("rule", "met", "missed"), REQUESTS, ids=str)
def test_a_rule_allows_the_requests_it_describes(
    lab: SecuredMesh, rule: dict[str, Any], met: dict[str, Any], missed: dict[str, Any]
) -> None:
    lab.apply("AuthorizationPolicy", {"rules": [rule]})
    assert (lab.ask(**met).status, lab.ask(**missed).status) == (200, FORBIDDEN)


@pytest.mark.parametrize(
    ("spec", "status"),
    [
        ({}, FORBIDDEN),
        ({"action": "ALLOW", "rules": [{}]}, 200),
        ({"action": "DENY", "rules": [{}]}, FORBIDDEN),
        ({"action": "AUDIT", "rules": [{}]}, 200),
        ({"action": "AUDIT"}, 200),
        ({"selector": {"matchLabels": {"app": "web"}}}, 200),
        ({"selector": {"matchLabels": {"app": "api", "version": "v1"}}}, FORBIDDEN),
    ],
    ids=str,
)
def test_an_action_decides_for_the_workloads_it_selects(lab: SecuredMesh, spec: dict[str, Any], status: int) -> None:
    lab.apply("AuthorizationPolicy", spec)
    assert lab.ask().status == status


def test_a_denial_in_the_root_namespace_outweighs_what_the_namespace_allows(lab: SecuredMesh) -> None:
    lab.apply("AuthorizationPolicy", {"rules": [{}]})
    lab.apply("AuthorizationPolicy", {"action": "DENY", "rules": [operation(paths=["/admin"])]}, "istio-system")
    try:
        assert (lab.ask(path="/admin").status, lab.ask(path="/").status) == (FORBIDDEN, 200)
    finally:
        lab.apply("AuthorizationPolicy", {"action": "AUDIT"}, "istio-system")


def test_a_gateway_decides_by_the_same_rules(lab: SecuredMesh) -> None:
    at_door = {"selector": {"matchLabels": {"gateway": "door"}}}
    lab.apply("AuthorizationPolicy", {**at_door, "rules": [operation(ports=["80"], paths=["/open*"])]})
    assert (lab.ask_at_door("/open").status, lab.ask_at_door("/shut").status) == (200, FORBIDDEN)
    lab.apply("AuthorizationPolicy", {**at_door, "rules": [operation(hosts=["shop.example"])]})
    assert (lab.ask_at_door(Host="shop.example").status, lab.ask_at_door(Host="other").status) == (200, FORBIDDEN)


def test_istios_tools_find_the_rule_that_decided(lab: SecuredMesh) -> None:
    lab.apply("AuthorizationPolicy", {"rules": [operation(paths=["/a"]), operation(paths=["/b"])]})
    config = lab.mesh.command("config", "api-v1-0")
    assert '"ns[lab]-policy[tested]-rule[1]"' in config
