"""Policies as a set: merged by name, problems of all files together."""

import pytest

from loopmesh.model.problem import InvalidInputError
from loopmesh.policies import PolicySet, check_policies
from tests.policies.reading import APPLICATION, problems_of

RULE = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: {name}}}\nspec: {{host: {host}}}\n"


def policy_set(*contents: str) -> PolicySet:
    return PolicySet.parse([(f"{number}.yaml", text.encode()) for number, text in enumerate(contents)], "shop")


def hosts(found: PolicySet) -> list[str]:
    return [rule.host.partition(".")[0] for rule in check_policies(found, APPLICATION).destination_rules]


def test_a_newer_policy_replaces_the_one_of_its_name_where_that_stands() -> None:
    older = policy_set(RULE.format(name="a", host="catalog"), RULE.format(name="b", host="nowhere"))
    assert hosts(older.merged(policy_set(RULE.format(name="b", host="orders")))) == ["catalog", "orders"]


def test_a_merged_set_keeps_the_problems_of_what_could_not_be_read() -> None:
    merged = policy_set(RULE.format(name="a", host="catalog")).merged(policy_set("kind: ["))
    with pytest.raises(InvalidInputError, match=r"0.yaml:2: YAML"):
        check_policies(merged, APPLICATION)


def test_problems_of_all_files_are_told_together() -> None:
    broken = "a: ["
    unknown_field = RULE.format(name="a", host="catalog, hots: b")
    unknown_host = RULE.format(name="b", host="nowhere")
    assert [one.partition(": ")[0] for one in problems_of(broken, unknown_field, unknown_host)] == [
        "0.yaml:2",
        "1.yaml:4",
        "2.yaml:4",
    ]


def test_what_an_unreadable_file_may_hold_is_not_called_missing() -> None:
    routing = (
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a}\nspec:\n"
        "  hosts: [a.example.com]\n  gateways: [edge]\n"
        "  http: [{route: [{destination: {host: catalog, subset: v1}}]}]\n"
    )
    assert len(problems_of(routing)) == 2
    assert [one.partition(":")[0] for one in problems_of(routing, "a: [")] == ["1.yaml"]


def test_values_of_istios_charts_beside_the_policies_are_none_of_them() -> None:
    files = [("istio/install/istiod.yaml", b"autoscaleEnabled: false\n"), ("istio/a.yaml", a_rule("a"))]
    assert hosts(PolicySet.parse(files, "shop")) == ["catalog"]


def test_a_policy_in_the_folder_of_those_values_is_one() -> None:
    assert hosts(PolicySet.parse([("istio/install/a.yaml", a_rule("a"))], "shop")) == ["catalog"]


def test_a_mesh_config_in_those_values_is_refused_for_it_would_hold_on_a_cluster_only() -> None:
    values = b"env: {A: b}\nmeshConfig: {outboundTrafficPolicy: {mode: ALLOW_ANY}}\n"
    found = PolicySet.parse([("istio/install/istiod.yaml", values)], "shop")
    with pytest.raises(InvalidInputError, match=r"^istio/install/istiod.yaml:2: meshConfig: .*; write it there$"):
        check_policies(found, APPLICATION)


def test_values_elsewhere_are_refused_as_any_object_without_a_kind() -> None:
    found = PolicySet.parse([("istio/istiod.yaml", b"autoscaleEnabled: false\n")], "shop")
    with pytest.raises(InvalidInputError, match=r"istio/istiod.yaml"):
        check_policies(found, APPLICATION)


def a_rule(name: str) -> bytes:
    return RULE.format(name=name, host="catalog").encode()
