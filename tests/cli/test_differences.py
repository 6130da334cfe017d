"""What would change is told in mesh words: by policy and field, and by workload and part of its configuration."""

import re
from pathlib import Path

import pytest

from loopmesh.cli.policy_change import Compiled, MeshDifference, PolicyChange, compare
from loopmesh.compile import compile_mesh
from loopmesh.model.application import Application
from loopmesh.model.difference import mean_the_same
from loopmesh.model.mesh_settings import MESH_CONFIG
from loopmesh.model.policy import PolicyName
from loopmesh.model.problem import InvalidInputError
from loopmesh.model.topology import Ports, Topology, place
from loopmesh.policies import PolicySet, check_policies, read_application, read_files
from loopmesh.run.errors import RunError

REPOSITORY = Path(__file__).parents[2]
WALLET = PolicyName(kind="VirtualService", namespace="shop", name="wallet")


class Shop:
    """The bundled shop, placed but not running."""

    def __init__(self) -> None:
        self.application: Application = read_application(REPOSITORY / "helm/shop/values.yaml")
        self.policy_set = PolicySet.parse(read_files([REPOSITORY / "istio"]), self.application.namespace)
        port = iter(range(20_000, 30_000)).__next__
        workloads = place(self.application, Ports(proxy=port, program=port))
        names = frozenset(workload.name for workload in workloads)
        ports = {("edge", 80): 19_000}
        self.topology = Topology(application=self.application, workloads=workloads, ready=names, edge_ports=ports)

    def source(self, path: str) -> str:
        return (REPOSITORY / "istio" / path).read_text()

    def after(self, text: str, mesh_config: str = "") -> Compiled:
        files = {"new.yaml": text, "meshconfig.yaml": mesh_config}
        change = PolicyChange(files=tuple((name, said.encode()) for name, said in files.items() if said))
        policy_set, _ = change.apply_to(self.policy_set, self.application.namespace)
        return self.compiled(policy_set)

    def compiled(self, policy_set: PolicySet) -> Compiled:
        policies = check_policies(policy_set, self.application)
        configs = compile_mesh(self.topology, policies)
        return Compiled(policy_set=policy_set, policies=policies, configs=configs)

    def difference(self, text: str, mesh_config: str = "") -> MeshDifference:
        return compare(self.compiled(self.policy_set), self.after(text, mesh_config))


@pytest.fixture(scope="module")
def shop() -> Shop:
    return Shop()


def parts(found: MeshDifference) -> set[tuple[str, str, str]]:
    return {(one.part.value, one.name, one.change.value) for several in found.workloads.values() for one in several}


def test_what_is_applied_already_changes_nothing_wherever_it_is_read(shop: Shop) -> None:
    found = shop.difference("\n\n" + shop.source("wallet/virtualservice.yaml"))
    assert found.policies == ()
    assert found.workloads == {}


def test_a_changed_timeout_is_told_by_its_field_and_as_the_routes_of_its_callers(shop: Shop) -> None:
    found = shop.difference(shop.source("wallet/virtualservice.yaml").replace("timeout: 2s", "timeout: 3s"))
    (policy,) = found.policies
    assert (policy.policy, policy.change, policy.source.origin.file) == (WALLET, "changed", "new.yaml")
    assert [(one.path, one.before, one.after) for one in policy.fields] == [("spec.http[money].timeout", "2s", "3s")]
    assert "orders-v1-0" in found.workloads
    assert parts(found) == {("route", "wallet.shop.svc.cluster.local:50051", "changed")}


def test_what_is_written_otherwise_and_means_the_same_is_no_change(shop: Shop) -> None:
    found = shop.difference(shop.source("wallet/virtualservice.yaml").replace("timeout: 2s", "timeout: 2000ms"))
    assert found.policies == ()


def test_a_change_is_told_in_the_words_of_the_file(shop: Shop) -> None:
    found = shop.difference(
        shop.source("wallet/authorizationpolicy.yaml").replace("/shop.wallet.", "/other.", 1),
        mesh_config="outboundTrafficPolicy: {mode: ALLOW_ANY}",
    )
    told = {(one.policy.kind, field.path) for one in found.policies for field in one.fields}
    assert ("MeshConfig", "outboundTrafficPolicy.mode") in told
    assert ("AuthorizationPolicy", "spec.rules[0].to[0].operation.paths") in told


def test_a_change_behind_what_is_shown_of_a_text_is_a_change(shop: Shop) -> None:
    found = shop.difference(
        shop.source("wallet/authorizationpolicy.yaml").replace("WalletService/Deposit", "WalletService/Other", 1)
    )
    (policy,) = found.policies
    (field,) = policy.fields
    assert field.path == "spec.rules[0].to[0].operation.paths"
    assert (field.before or "").endswith("WalletService/Deposit")
    assert (field.after or "").endswith("WalletService/Other")


def test_patches_of_one_length_are_told_apart() -> None:
    assert not mean_the_same(b"\x08\x01", b"\x08\x02")


def test_a_changed_limit_is_told_as_a_destination_of_callers_and_of_the_services_own_proxies(shop: Shop) -> None:
    found = shop.difference(
        shop.source("catalog/destinationrule.yaml").replace("http2MaxRequests: 500", "http2MaxRequests: 5")
    )
    host = "catalog.shop.svc.cluster.local:50051"
    assert parts(found) == {
        ("destination", name, "changed")
        for name in (host, f"{host} subset v1", f"{host} subset v2", "the program at port 50051")
    }


def test_a_changed_permission_is_told_as_the_rule_of_the_one_it_protects(shop: Shop) -> None:
    source = shop.source("catalog/authorizationpolicy.yaml")
    found = shop.difference(source.replace("/shop.catalog.v1.CatalogService/GetProduct", "/other"))
    assert {name.partition("-")[0] for name in found.workloads} == {"catalog"}
    assert parts(found) == {
        ("authorization rule", "ALLOW by AuthorizationPolicy shop/catalog rule 0 at inbound|50051", "changed")
    }


def test_tokens_and_those_who_may_call_are_told_apart(shop: Shop) -> None:
    policy = "apiVersion: security.istio.io/v1\nkind: {}\nmetadata: {{name: new}}\nspec: {}\n"
    selector = "selector: {matchLabels: {app: wallet}}"
    tokens = policy.format("RequestAuthentication", f"{{{selector}, jwtRules: [{{issuer: a}}]}}")
    denied = policy.format("AuthorizationPolicy", f"{{{selector}, action: DENY, rules: [{{}}]}}")
    assert parts(shop.difference(f"{tokens}---\n{denied}")) == {
        ("tokens", "taken at inbound|50051", "added"),
        ("authorization rule", "DENY by AuthorizationPolicy shop/new rule 0 at inbound|50051", "added"),
        ("authorization rule", "DENY by policies at inbound|50051", "added"),
    }


def test_a_dry_run_is_told_beside_what_holds(shop: Shop) -> None:
    found = shop.difference(
        "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"
        'metadata: {name: tried, annotations: {istio.io/dry-run: "true"}}\n'
        "spec: {selector: {matchLabels: {app: wallet}}, rules: [{}]}\n"
    )
    assert parts(found) >= {
        ("authorization rule", "dry run of ALLOW by AuthorizationPolicy shop/tried rule 0 at inbound|50051", "added"),
        ("authorization rule", "dry run of ALLOW by policies at inbound|50051", "added"),
    }
    assert not any(name.startswith("ALLOW") for _, name, _ in parts(found))


def test_an_authorizer_is_told_beside_what_is_allowed(shop: Shop) -> None:
    config = "{name: asked, envoyExtAuthzGrpc: {service: catalog.shop.svc.cluster.local, port: 50051}}"
    found = shop.difference(
        "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: ask}\nspec:\n"
        "  selector: {matchLabels: {app: wallet}}\n  action: CUSTOM\n  provider: {name: asked}\n  rules: [{}]\n",
        mesh_config=f"extensionProviders: [{config}]\noutboundTrafficPolicy: {{mode: REGISTRY_ONLY}}",
    )
    assert parts(found) == {
        ("authorization rule", "CUSTOM by AuthorizationPolicy shop/ask rule 0 at inbound|50051", "added"),
        ("authorization rule", "CUSTOM by policies at inbound|50051", "added"),
        ("authorization rule", "CUSTOM by an authorizer at inbound|50051", "added"),
    }


def test_a_mode_of_peers_is_told_as_the_listener_it_changes(shop: Shop) -> None:
    found = shop.difference(
        "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: loose}\n"
        "spec:\n  selector: {matchLabels: {app: wallet}}\n  mtls: {mode: PERMISSIVE}\n"
    )
    assert [policy.change for policy in found.policies] == ["added"]
    assert {name: [(one.part, one.name) for one in several] for name, several in found.workloads.items()} == {
        "wallet-v1-0": [("listener", "inbound|50051")]
    }


def test_only_drops_what_no_file_holds_and_names_it(shop: Shop) -> None:
    text = shop.source("wallet/virtualservice.yaml").encode()
    remaining, about = PolicyChange(files=(("new.yaml", text),), only=True).apply_to(shop.policy_set, "shop")
    assert list(remaining.documents) == [WALLET]
    assert set(about) == {*shop.policy_set.documents, MESH_CONFIG}


@pytest.mark.parametrize(
    ("name", "instead"),
    [("walet", "did you mean VirtualService shop/wallet?"), ("zzz", "there are VirtualService shop/")],
)
def test_what_is_not_there_cannot_be_removed(shop: Shop, name: str, instead: str) -> None:
    gone = PolicyName(kind="VirtualService", namespace="shop", name=name)
    with pytest.raises(RunError, match=re.escape(f"there is no VirtualService shop/{name}; {instead}")):
        PolicyChange(removed=(gone,)).apply_to(shop.policy_set, "shop")


def test_of_many_policies_that_are_there_a_few_are_named(shop: Shop) -> None:
    text = shop.source("wallet/virtualservice.yaml")
    files = tuple((f"{number}.yaml", text.replace("name: wallet", f"name: a{number}").encode()) for number in range(50))
    many, _ = PolicyChange(files=files).apply_to(shop.policy_set, "shop")
    gone = PolicyName(kind="VirtualService", namespace="shop", name="zzz")
    with pytest.raises(RunError) as caught:
        PolicyChange(removed=(gone,)).apply_to(many, "shop")
    assert str(caught.value).count("VirtualService shop/") == 11
    assert str(caught.value).endswith(", …")


@pytest.mark.parametrize("removed", [True, False])
def test_files_without_a_policy_are_no_change(shop: Shop, removed: bool) -> None:
    files = (("empty.yaml", b"# Nothing yet.\n"),)
    change = PolicyChange(removed_files=files) if removed else PolicyChange(files=files)
    with pytest.raises(InvalidInputError, match=r"^empty.yaml: there is no policy in it; name a file that holds one$"):
        change.apply_to(shop.policy_set, "shop")


def test_policies_to_remove_are_not_guessed_of_a_file_that_cannot_be_read(shop: Shop) -> None:
    text = shop.source("wallet/virtualservice.yaml") + "---\nkind: [\n"
    with pytest.raises(InvalidInputError, match=r"^wallet.yaml:\d+: YAML: "):
        PolicyChange(removed_files=(("wallet.yaml", text.encode()),)).apply_to(shop.policy_set, "shop")
