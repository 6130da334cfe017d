"""What the chart adds to the services of a values file, so that they run well on a cluster."""

from collections.abc import Iterator
from typing import Any

import pytest

from tools.chart.go_tools import ROOT
from tools.chart.render import Manifest, of_kind, pods, render

SERVICES = ("catalog", "inventory", "wallet", "shipping", "orders")


def versions(shop: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    """(service, Deployment or StatefulSet) of each version."""
    for one in of_kind(shop, "Deployment", "StatefulSet"):
        if "version" in one["metadata"]["labels"]:
            yield one["metadata"]["labels"]["app"], one


def programs(shop: list[Manifest]) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """(service, pod, container) of each version."""
    for service, one in versions(shop):
        pod = one["spec"]["template"]["spec"]
        yield service, pod, pod["containers"][0]


def by_name(shop: list[Manifest], kind: str) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one["spec"] for one in of_kind(shop, kind)}


def test_every_version_that_keeps_no_names_is_scaled_by_the_load_of_its_program(shop: list[Manifest]) -> None:
    scalers = by_name(shop, "HorizontalPodAutoscaler")
    assert set(scalers) == {one["metadata"]["name"] for _, one in versions(shop) if one["kind"] == "Deployment"}
    for scaler in scalers.values():
        (metric,) = scaler["metrics"]
        assert metric["containerResource"]["container"] == "program"
        assert scaler["minReplicas"] >= 2


@pytest.mark.parametrize(("kind", "selector"), [("PodDisruptionBudget", "selector"), ("NetworkPolicy", "podSelector")])
def test_every_pod_is_meant_by_one_of_each(shop: list[Manifest], kind: str, selector: str) -> None:
    for pod in pods(of_kind(shop, "Deployment", "StatefulSet")):
        labels = pod["metadata"]["labels"].items()
        meaning = [
            name for name, spec in by_name(shop, kind).items() if spec[selector]["matchLabels"].items() <= labels
        ]
        assert meaning == [pod["metadata"]["labels"]["app"]]


def test_the_database_takes_connections_of_those_who_keep_data_there_only(shop: list[Manifest]) -> None:
    (rule,) = by_name(shop, "NetworkPolicy")["postgresql"]["ingress"]
    (place,) = rule["from"]
    assert place["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "shop"}
    (selector,) = place["podSelector"]["matchExpressions"]
    assert selector == {"key": "app", "operator": "In", "values": sorted(SERVICES)}


def test_an_instance_leaves_service_only_when_it_has_not_answered_for_ten_seconds(shop: list[Manifest]) -> None:
    for service, _, container in programs(shop):
        probe = container["readinessProbe"]
        assert probe["timeoutSeconds"] * probe["failureThreshold"] >= 10, service


def test_probes_are_kubernetes_own_for_grpc(shop: list[Manifest]) -> None:
    for service, _, container in programs(shop):
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            assert container[probe]["grpc"] == {"port": 50051}, service


def test_migrations_run_before_the_start_in_the_same_image_with_the_same_database(shop: list[Manifest]) -> None:
    for service, pod, container in programs(shop):
        (migration,) = pod["initContainers"]
        assert migration["command"] == ["python", "-m", f"services.{service}", "migrate"]
        assert (migration["image"], migration["env"]) == (container["image"], container["env"])


def test_every_container_says_what_it_needs_and_how_much_it_may_take(shop: list[Manifest]) -> None:
    for pod in pods(shop):
        for container in (*pod["spec"]["containers"], *pod["spec"].get("initContainers", ())):
            assert set(container["resources"]["requests"]) == {"cpu", "memory", "ephemeral-storage"}, pod["name"]
            assert set(container["resources"]["limits"]) == {"memory", "ephemeral-storage"}, pod["name"]


def test_every_pod_may_pull_from_a_registry_that_asks_who_is_there() -> None:
    """Also those of the database, of gateways and of `helm test`."""
    asked = render("shop", "shop", "--set", "imagePullSecrets[0].name=registry")
    assert {pod["name"]: pod["spec"].get("imagePullSecrets") for pod in pods(asked)} == {
        pod["name"]: [{"name": "registry"}] for pod in pods(asked)
    }


def test_instances_spread_over_zones_and_nodes(shop: list[Manifest]) -> None:
    for service, pod, _ in programs(shop):
        spread = [one["topologyKey"] for one in pod["topologySpreadConstraints"]]
        assert spread == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"], service


def test_a_pod_has_time_to_tell_callers_and_to_end_its_calls(shop: list[Manifest]) -> None:
    for service, pod, container in programs(shop):
        told_s = container["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert pod["terminationGracePeriodSeconds"] >= told_s + 30, service


def test_instances_of_orders_have_names_that_last(shop: list[Manifest]) -> None:
    (orders,) = [one for service, one in versions(shop) if service == "orders"]
    assert orders["kind"] == "StatefulSet"
    services = {one["metadata"]["name"]: one["spec"] for one in of_kind(shop, "Service")}
    assert services[orders["spec"]["serviceName"]]["clusterIP"] == "None"


def test_orders_is_not_scaled_for_what_an_instance_began_it_takes_up_by_its_name(shop: list[Manifest]) -> None:
    """One that is scaled away would leave its workflows; the guide says so."""
    assert "orders-v1" not in by_name(shop, "HorizontalPodAutoscaler")
    (orders,) = [one for service, one in versions(shop) if service == "orders"]
    assert orders["spec"]["replicas"] == 1
    assert "`orders` has no autoscaler" in (ROOT / "docs" / "guides" / "kubernetes.md").read_text()


def test_services_of_one_name_in_two_namespaces_have_a_database_each(namespaces: list[Manifest]) -> None:
    urls = {
        (one["metadata"]["namespace"], service): url
        for one in of_kind(namespaces, "Secret")
        if one["metadata"]["name"] == "postgresql-urls"
        for service, url in one["stringData"].items()
    }
    assert set(urls) == {("shop", "store"), ("archive", "store")}
    databases = {url.rpartition("/")[2] for url in urls.values()}
    assert databases == {"store", "archive-store"}


def test_a_gateway_of_another_namespace_has_it_made_and_may_call(namespaces: list[Manifest]) -> None:
    assert {one["metadata"]["name"] for one in of_kind(namespaces, "Namespace")} == {"archive", "ingress"}
    for policy in of_kind(namespaces, "NetworkPolicy"):
        if policy["metadata"]["name"] == "web":
            (place,) = policy["spec"]["ingress"][0]["from"]
            (names,) = place["namespaceSelector"]["matchExpressions"]
            assert set(names["values"]) == {"shop", "archive", "ingress"}


def test_proxies_are_monitored_in_every_namespace(namespaces: list[Manifest]) -> None:
    (monitor,) = of_kind(namespaces, "PodMonitor")
    assert set(monitor["spec"]["namespaceSelector"]["matchNames"]) == {"shop", "archive", "ingress"}


@pytest.fixture(scope="module")
def namespaces() -> list[Manifest]:
    values = str(ROOT / "tests" / "e2e" / "namespaces" / "values.yaml")
    wanted = ("image.repository=localhost/lab", "postgresql.bundled=true", "monitoring.enabled=true")
    kept = [f"services.{name}.database=true" for name in ("store", "archive-store")]
    gateway = ("gateways.door.namespace=ingress", "gateways.door.labels.gateway=door")
    return render("application", "shop", "-f", values, "--set", ",".join((*wanted, *kept, *gateway)))


def test_a_gateway_with_an_app_of_its_own_is_found_by_it() -> None:
    shipped = render("shop", "shop", "--set", "gateways.edge.labels.app=ingress")
    (edge,) = [one for one in of_kind(shipped, "Deployment") if one["metadata"]["name"] == "edge"]
    assert edge["spec"]["template"]["metadata"]["labels"].items() >= {"app": "ingress", "istio": "edge"}.items()
    found_by = [
        edge["spec"]["selector"]["matchLabels"],
        by_name(shipped, "Service")["edge"]["selector"],
        by_name(shipped, "NetworkPolicy")["edge"]["podSelector"]["matchLabels"],
        by_name(shipped, "PodDisruptionBudget")["edge"]["selector"]["matchLabels"],
    ]
    assert found_by == [{"app": "ingress"}] * 4
    same = render("shop", "shop", "--set", "gateways.edge.labels.app=edge")
    assert by_name(same, "Service")["edge"]["selector"] == {"app": "edge"}
