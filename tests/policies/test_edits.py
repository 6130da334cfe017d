"""Policies rewritten for a purpose: merged with those in force, or refused with what to edit."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from loopmesh.model.application import Application, Service
from loopmesh.model.problem import InvalidInputError
from loopmesh.policies import (
    Fault,
    PolicySet,
    check_policies,
    clear_fault,
    inject_fault,
    is_for_fault_alone,
    read_application,
    read_files,
    shift,
    written_documents,
)
from loopmesh.policies import shares as shares_of_now

REPOSITORY = Path(__file__).parents[2]
HEAD = "apiVersion: networking.istio.io/v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: shop}}\nspec:\n"


@pytest.fixture(scope="module")
def application() -> Application:
    return read_application(REPOSITORY / "helm/shop/values.yaml")


@pytest.fixture(scope="module")
def shop(application: Application) -> PolicySet:
    return PolicySet.parse(read_files([REPOSITORY / "istio"]), application.namespace)


def policies(*texts: str) -> PolicySet:
    return PolicySet.parse([(f"{number}.yaml", text.encode()) for number, text in enumerate(texts)], "shop")


def virtual_service(name: str, spec: str) -> str:
    return HEAD.format(kind="VirtualService", name=name) + spec


def destination_rule(name: str, spec: str) -> str:
    return HEAD.format(kind="DestinationRule", name=name) + spec


def shifted(
    application: Application, policy_set: PolicySet, service: str, **weights: int
) -> dict[tuple[str, str], dict[str, Any]]:
    """The specs by kind and name, after the mesh as a whole was found valid with them."""
    found = application.service_of("shop", service)
    assert found
    return checked(application, policy_set, shift(policy_set, found, weights))


def checked(
    application: Application, policy_set: PolicySet, contents: list[dict[str, Any]]
) -> dict[tuple[str, str], dict[str, Any]]:
    text = written_documents(contents)
    merged = policy_set.merged(PolicySet.parse([("written.yaml", text.encode())], application.namespace))
    check_policies(merged, application)
    return {(one["kind"], one["metadata"]["name"]): one["spec"] for one in yaml.safe_load_all(text)}


def shares(route: dict[str, Any]) -> list[tuple[str, int | None]]:
    return [(one["destination"]["subset"], one.get("weight")) for one in route["route"]]


def test_without_policies_a_route_and_its_subsets_are_written(application: Application) -> None:
    found = shifted(application, PolicySet(), "catalog", v1=90, v2=10)
    assert found["DestinationRule", "catalog"] == {
        "host": "catalog",
        "subsets": [{"name": name, "labels": {"version": name}} for name in ("v1", "v2")],
    }
    (route,) = found["VirtualService", "catalog"]["http"]
    assert shares(route) == [("v1", 90), ("v2", 10)]


def test_of_the_shop_routes_that_split_are_shifted_and_those_for_previews_stay(
    application: Application, shop: PolicySet
) -> None:
    found = shifted(application, shop, "catalog", v1=50, v2=50)
    assert list(found) == [("VirtualService", "catalog"), ("VirtualService", "edge")], "the subsets are there already"
    preview, canary = found["VirtualService", "catalog"]["http"]
    assert shares(preview) == [("v2", None)]
    assert shares(canary) == [("v1", 50), ("v2", 50)]
    assert canary["timeout"] == "1s"
    assert canary["retries"]["attempts"] == 3
    edge = {route["name"]: route for route in found["VirtualService", "edge"]["http"]}
    assert shares(edge["catalog"]) == [("v1", 50), ("v2", 50)]
    assert shares(edge["catalog-preview"]) == [("v2", None)]
    assert "subset" not in edge["orders"]["route"][0]["destination"]


def test_the_shares_of_now_are_those_of_the_routes_that_would_be_shifted(
    application: Application, shop: PolicySet
) -> None:
    catalog, orders = application.service_of("shop", "catalog"), application.service_of("shop", "orders")
    assert catalog
    assert orders
    assert shares_of_now(shop, catalog) == [{"v1": 90, "v2": 10}] * 2
    assert shares_of_now(shop, orders) == [{"": 100}]


def test_a_version_with_all_the_weight_is_the_only_destination(application: Application, shop: PolicySet) -> None:
    found = shifted(application, shop, "catalog", v1=0, v2=7)
    assert shares(found["VirtualService", "catalog"]["http"][1]) == [("v2", None)]


def test_what_a_destination_says_beside_its_weight_stays(application: Application) -> None:
    policy_set = policies(
        virtual_service(
            "routes",
            "  hosts: [catalog]\n  http:\n  - route:\n"
            "    - {destination: {host: catalog, subset: v1, port: {number: 50051}}, weight: 1,"
            " headers: {request: {set: {x-a: b}}}}\n"
            "    - {destination: {host: catalog, subset: v2}, weight: 1}\n",
        ),
        destination_rule("rule", "  host: catalog\n  subsets: [{name: v1, labels: {version: v1}}, {name: v2}]\n"),
    )
    (route,) = shifted(application, policy_set, "catalog", v1=3, v2=1)["VirtualService", "routes"]["http"]
    assert route["route"][0] == {
        "destination": {"host": "catalog", "subset": "v1", "port": {"number": 50051}},
        "headers": {"request": {"set": {"x-a": "b"}}},
        "weight": 3,
    }


def test_a_missing_subset_is_added_to_the_rule_that_is_there(application: Application) -> None:
    rule = destination_rule(
        "rule",
        "  host: catalog\n  trafficPolicy: {loadBalancer: {simple: RANDOM}}\n"
        "  subsets: [{name: v1, labels: {version: v1}}]\n",
    )
    spec = shifted(application, policies(rule), "catalog", v1=1, v2=1)["DestinationRule", "rule"]
    assert [subset["name"] for subset in spec["subsets"]] == ["v1", "v2"]
    assert spec["trafficPolicy"] == {"loadBalancer": {"simple": "RANDOM"}}


def test_a_name_that_is_taken_is_not_taken_away(application: Application) -> None:
    other = virtual_service("catalog", "  hosts: [orders]\n  http: [{route: [{destination: {host: orders}}]}]\n")
    found = shifted(application, policies(other), "catalog", v1=1)
    assert ("VirtualService", "catalog-2") in found
    assert ("VirtualService", "catalog") not in found


def refused(application: Application, policy_set: PolicySet, **weights: int) -> str:
    service = application.service_of("shop", "catalog")
    assert service
    with pytest.raises(InvalidInputError) as caught:
        shift(policy_set, service, weights)
    return str(caught.value)


def test_a_version_nobody_knows_is_refused_with_those_there_are(application: Application, shop: PolicySet) -> None:
    assert "v9: catalog has no such version, and no DestinationRule such a subset; use v1, v2" in refused(
        application, shop, v1=1, v9=1
    )


def test_a_rule_for_many_hosts_is_not_put_out_of_force(application: Application) -> None:
    rule = destination_rule(
        "all", '  host: "*.shop.svc.cluster.local"\n  trafficPolicy: {loadBalancer: {simple: RANDOM}}\n'
    )
    said = refused(application, policies(rule), v1=1)
    assert said.startswith("0.yaml:1: DestinationRule shop/all: it covers catalog.shop.svc.cluster.local;")


def test_routes_that_cannot_be_shifted_are_named_with_what_to_edit(application: Application) -> None:
    elsewhere = virtual_service(
        "mixed",
        "  hosts: [catalog]\n  http: [{route: [{destination: {host: catalog}, weight: 1},"
        " {destination: {host: orders}, weight: 1}]}]\n",
    )
    said = refused(application, policies(elsewhere), v1=1)
    assert said == (
        "0.yaml:1: VirtualService shop/mixed: it is for calls of catalog and has no route that could be changed for"
        " that; edit its `http` routes, or give it one that leads to catalog alone, and apply it"
    )


def test_a_fault_is_put_on_every_route_and_taken_away_without_a_trace(
    application: Application, shop: PolicySet
) -> None:
    service = application.service_of("shop", "catalog")
    assert service
    contents = inject_fault(shop, service, Fault(delay="2s", abort="UNAVAILABLE", percent=10))
    found = checked(application, shop, contents)
    fault = {
        "delay": {"percentage": {"value": 10}, "fixedDelay": "2s"},
        "abort": {"percentage": {"value": 10}, "grpcStatus": "UNAVAILABLE"},
    }
    assert [route["fault"] for route in found["VirtualService", "catalog"]["http"]] == [fault, fault]
    assert {route["name"] for route in found["VirtualService", "edge"]["http"] if "fault" in route} == {
        "catalog-preview",
        "catalog",
        "reflection",
    }
    faulty = shop.merged(PolicySet.parse([("faulty.yaml", written_documents(contents).encode())], "shop"))
    cleared = checked(application, faulty, clear_fault(faulty, service))
    assert (
        cleared["VirtualService", "catalog"]
        == shop.documents[
            next(name for name in shop.documents if (name.kind, name.name) == ("VirtualService", "catalog"))
        ].spec.plain()
    )


def test_without_a_fault_there_is_nothing_to_take_away(application: Application, shop: PolicySet) -> None:
    service = application.service_of("shop", "catalog")
    assert service
    assert clear_fault(shop, service) == []
    assert clear_fault(PolicySet(), service) == []


def test_an_http_status_is_written_as_a_number(application: Application) -> None:
    service = application.service_of("shop", "catalog")
    assert service
    found = checked(application, PolicySet(), inject_fault(PolicySet(), service, Fault(abort="503")))
    (route,) = found["VirtualService", "catalog"]["http"]
    assert route["fault"] == {"abort": {"percentage": {"value": 100.0}, "httpStatus": 503}}


@pytest.fixture
def database(tmp_path: Path) -> Service:
    values = tmp_path / "values.yaml"
    values.write_text(
        "namespace: shop\nservices:\n  db:\n    command: [db]\n    ports: {tcp: 5432}\n"
        "    versions: {v1: {replicas: 1}, v2: {replicas: 1}}\n"
    )
    (found,) = read_application(values).services
    return found


def test_connections_of_a_service_without_http_are_shared_by_tcp_routes(database: Service) -> None:
    first = shift(PolicySet(), database, {"v1": 50, "v2": 50})
    assert [one["kind"] for one in first] == ["DestinationRule", "VirtualService"]
    assert "http" not in first[1]["spec"]
    assert shares(first[1]["spec"]["tcp"][0]) == [("v1", 50), ("v2", 50)]
    (again,) = shift(policies(written_documents(first)), database, {"v2": 1})
    assert shares(again["spec"]["tcp"][0]) == [("v2", None)]


def test_only_what_a_fault_was_put_into_and_says_nothing_else_is_for_it_alone(
    application: Application,
) -> None:
    service = application.service_of("shop", "wallet")
    assert service
    faulty = policies(written_documents(inject_fault(PolicySet(), service, Fault(abort="503"))))
    (made,) = clear_fault(faulty, service)
    assert is_for_fault_alone(made, service)
    for said in ({"timeout": "1s"}, {"match": [{"uri": {"prefix": "/"}}]}):
        route = {**made["spec"]["http"][0], **said}
        assert not is_for_fault_alone({**made, "spec": {**made["spec"], "http": [route]}}, service)
