"""`mesh up` and the chart run the same services: versions, replicas, names, ports and identities."""

from loopmesh.model.application import HealthKind
from tests.chart.shipped import Shipped, program, workloads
from tools.chart.render import of_kind, render


def test_the_same_services_run_in_the_same_versions(both: Shipped) -> None:
    versions = {(service.namespace, service.name, version.name) for service, version in both.versions}
    assert set(workloads(both.manifests)) == versions
    gateways = {
        one["metadata"]["name"]: one
        for one in of_kind(both.manifests, "Deployment")
        if "version" not in one["metadata"]["labels"]
    }
    assert set(gateways) == {gateway.name for gateway in both.application.gateways}
    for gateway in both.application.gateways:
        deployed = gateways[gateway.name]["spec"]
        assert deployed.get("replicas", 1) == gateway.replicas
        assert deployed["template"]["spec"]["serviceAccountName"] == gateway.identity.service_account
        assert gateway.labels.items() <= deployed["template"]["metadata"]["labels"].items()


def test_health_is_asked_for_in_the_same_way(both: Shipped) -> None:
    handlers = {HealthKind.GRPC: "grpc", HealthKind.HTTP: "httpGet", HealthKind.TCP: "tcpSocket", HealthKind.NONE: None}
    for service, version in both.versions:
        probe = program(both.workload(service, version)).get("readinessProbe", {})
        asked = next((handler for handler in handlers.values() if handler in probe), None)
        assert asked == handlers[service.health.kind], service.key
        assert (probe.get("httpGet") or {"path": ""})["path"] == service.health.path


def test_each_service_is_dialled_by_the_same_name_and_ports(both: Shipped) -> None:
    services = {
        (one["metadata"]["namespace"], one["metadata"]["name"]): one for one in of_kind(both.manifests, "Service")
    }
    for service in both.application.services:
        spec = services[service.namespace, service.name]["spec"]
        dialled = {(port["name"], port["port"]) for port in spec["ports"]}
        assert dialled == {(port.name, port.number) for port in service.ports}
        for port in spec["ports"]:
            assert port["appProtocol"] == port["name"].partition("-")[0]


def test_the_ports_of_a_service_lead_to_the_one_its_program_listens_on(both: Shipped) -> None:
    services = {
        (one["metadata"]["namespace"], one["metadata"]["name"]): one for one in of_kind(both.manifests, "Service")
    }
    for service, version in both.versions:
        container = program(both.workload(service, version))
        told = {one["name"]: one.get("value") for one in container["env"]}
        listened = int(told["LISTEN_ADDR"].rpartition(":")[2])
        assert listened == service.program_port
        assert told.get("PORT", str(listened)) == str(listened)
        ports = services[service.namespace, service.name]["spec"]["ports"]
        assert {port["targetPort"] for port in ports} == {listened}
        assert [port["containerPort"] for port in container["ports"]] == [listened]


def test_a_service_selects_the_pods_of_all_its_versions_and_no_others(both: Shipped) -> None:
    services = {
        (one["metadata"]["namespace"], one["metadata"]["name"]): one for one in of_kind(both.manifests, "Service")
    }
    pods = {key: one["spec"]["template"]["metadata"]["labels"] for key, one in workloads(both.manifests).items()}
    for service in both.application.services:
        wanted = services[service.namespace, service.name]["spec"]["selector"].items()
        selected = {key for key, labels in pods.items() if key[0] == service.namespace and wanted <= labels.items()}
        assert selected == {(service.namespace, service.name, version.name) for version in service.versions}


def test_each_instance_has_the_labels_policies_select_it_by(both: Shipped) -> None:
    for service, version in both.versions:
        labels = both.workload(service, version)["spec"]["template"]["metadata"]["labels"]
        assert service.labels_of(version).items() <= labels.items()


def test_each_workload_has_the_same_identity(both: Shipped) -> None:
    accounts = {
        (one["metadata"]["namespace"], one["metadata"]["name"]) for one in of_kind(both.manifests, "ServiceAccount")
    }
    for service, version in both.versions:
        workload = both.workload(service, version)
        account = workload["spec"]["template"]["spec"]["serviceAccountName"]
        identity = service.identity
        assert (workload["metadata"]["namespace"], account) == (identity.namespace, identity.service_account)
        assert (identity.namespace, identity.service_account) in accounts


def test_as_many_replicas_run_where_nothing_scales_them(both: Shipped) -> None:
    scaled = {
        (one["metadata"]["namespace"], one["spec"]["scaleTargetRef"]["name"])
        for one in of_kind(both.manifests, "HorizontalPodAutoscaler")
    }
    for service, version in both.versions:
        workload = both.workload(service, version)
        place = (workload["metadata"]["namespace"], workload["metadata"]["name"])
        expected = None if place in scaled else version.replicas
        assert workload["spec"].get("replicas") == expected


def test_instances_that_keep_their_names_are_stateful(both: Shipped) -> None:
    for service, version in both.versions:
        kind = both.workload(service, version)["kind"]
        assert kind == ("StatefulSet" if service.stateful else "Deployment")


def test_what_is_switched_off_here_is_not_scaled_there() -> None:
    off = render("shop", "shop", "--set", "services.catalog.versions.v2.replicas=0")
    assert workloads(off)["shop", "catalog", "v2"]["spec"]["replicas"] == 0
    scaled = {one["spec"]["scaleTargetRef"]["name"] for one in of_kind(off, "HorizontalPodAutoscaler")}
    assert "catalog-v1" in scaled
    assert "catalog-v2" not in scaled
