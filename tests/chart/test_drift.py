"""What runs on the laptop is what ships: `mesh up` and the chart make the same of one values file and its policies."""

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml

from loopmesh.model.application import Application, HealthKind, Service, Version
from loopmesh.model.topology import Ports, Workload, place
from loopmesh.policies import PolicySet, check_policies, read_application, read_files
from loopmesh.run.environment import program_environment, told_variables
from loopmesh.run.expansion import expand
from loopmesh.run.runtime_folder import WorkloadFolder
from tools.chart.go_tools import ROOT
from tools.chart.render import ChartError, Manifest, of_kind, render, render_text

E2E = ROOT / "tests" / "e2e"
EVERY_KEY = ROOT / "tests" / "policies" / "values_valid" / "every_key.yaml"
ONLY_HERE = {"HOSTNAME", "MESH_OUTBOUND", "LOOPMESH_RUNTIME", "no_proxy"}
"""On Kubernetes a program dials names, and HOSTNAME is set in the pod without the chart."""
OTLP = {"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL"}
"""There without `tracing.endpoint` spans go nowhere."""
ADDRESSES = re.compile(r"POD_NAME|LISTEN_ADDR|PORT|MESH_TCP_.*|DATABASE_URL|OTEL_EXPORTER_OTLP_ENDPOINT")
"""Of the same name on both sides, with the addresses and the instance of each, unless the values say them."""
ISTIO = re.compile(r"(networking|security|telemetry|extensions)\.istio\.io/")


@dataclass(frozen=True)
class Shipped:
    """One values file with its policies: as `mesh up` reads them, and as the chart renders them."""

    chart: str
    namespace: str
    values: Path
    policies: tuple[Path, ...]

    @cached_property
    def application(self) -> Application:
        return read_application(self.values)

    @cached_property
    def plan(self) -> tuple[Workload, ...]:
        """What `mesh up` starts."""
        read = PolicySet.parse(read_files(self.policies), self.application.namespace)
        added = check_policies(read, self.application).added_hosts
        return place(self.application, Ports(proxy=lambda: 40000, program=lambda: 41000), added)

    @cached_property
    def manifests(self) -> list[Manifest]:
        if self.chart == "shop":
            return render("shop", "shop")
        given = [f"policies.{file.stem}={file}" for folder in self.policies for file in folder.rglob("*.yaml")]
        flags = ("--set", "image.repository=localhost/lab", *(("--set-file", ",".join(given)) if given else ()))
        return render("application", self.namespace, "-f", str(self.values), *flags)

    @property
    def versions(self) -> list[tuple[Service, Version]]:
        return [(service, version) for service in self.application.services for version in service.versions]

    @property
    def running(self) -> list[tuple[Service, Version]]:
        """Without those that are switched off."""
        return [(service, version) for service, version in self.versions if version.replicas]

    def instance(self, service: Service, version: Version) -> Workload:
        """The first that `mesh up` starts of it."""
        sought = (service.namespace, service.name, version.name)
        return next(one for one in self.plan if (one.namespace, one.service, one.version) == sought)

    def workload(self, service: Service, version: Version) -> Manifest:
        return workloads(self.manifests)[service.namespace, service.name, version.name]


SHIPPED = {
    "shop": Shipped("shop", "shop", ROOT / "helm" / "shop" / "values.yaml", (ROOT / "istio",)),
    "foreign": Shipped("application", "lab", E2E / "foreign" / "values.yaml", (E2E / "foreign" / "policies",)),
    "namespaces": Shipped(
        "application",
        "shop",
        E2E / "namespaces" / "values.yaml",
        (E2E / "namespaces" / "policies", ROOT / "tests" / "chart" / "policies"),
    ),
    "every key": Shipped("application", "shop", EVERY_KEY, ()),
}


@pytest.fixture(scope="session", params=list(SHIPPED))
def both(request: pytest.FixtureRequest) -> Shipped:
    return SHIPPED[request.param]


def workloads(manifests: list[Manifest]) -> dict[tuple[str, str, str], Manifest]:
    """By namespace, service and version."""
    found = {}
    for one in of_kind(manifests, "Deployment", "StatefulSet"):
        labels = one["spec"]["template"]["metadata"]["labels"]
        if "version" in labels:
            found[one["metadata"]["namespace"], labels["app"], labels["version"]] = one
    return found


def program(workload: Manifest) -> Mapping[str, Any]:
    (container,) = workload["spec"]["template"]["spec"]["containers"]
    assert isinstance(container, dict)
    return container


def environment(instance: Workload, version: Version) -> dict[str, str]:
    """What `mesh up` tells the instance's program."""
    sockets = WorkloadFolder(Path("/tmp/mesh-1") / instance.name)
    database = Path("/state/data.db")
    told = told_variables(instance, version.env, sockets, database=database, receiver_port=4317)
    return program_environment(told, instance, sockets, {})


def started(container: Mapping[str, Any], addresses: Mapping[str, str]) -> dict[str, str]:
    """The variables Kubernetes starts a container with: each may name those before it. With some addresses instead of
    the cluster's."""
    told: dict[str, str] = {}
    for one in container["env"]:
        assert one["name"] not in told, "a variable is said twice"
        told[one["name"]] = addresses.get(one["name"]) or expand(one["value"], told)
    return told


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


def test_each_version_runs_the_same_command(both: Shipped) -> None:
    for service, version in both.versions:
        assert tuple(program(both.workload(service, version))["command"]) == version.command


def test_each_program_is_told_the_same(both: Shipped) -> None:
    for service, version in both.running:
        here = environment(both.instance(service, version), version)
        container = program(both.workload(service, version))
        addresses = {name: here[name] for name in here if ADDRESSES.fullmatch(name) and name not in version.env}
        there = started(container, addresses)
        unset = {"DATABASE_URL", *OTLP} - set(there)
        assert there == {name: here[name] for name in here if name not in ONLY_HERE | unset}


def test_health_is_asked_for_in_the_same_way(both: Shipped) -> None:
    handlers = {HealthKind.GRPC: "grpc", HealthKind.HTTP: "httpGet", HealthKind.TCP: "tcpSocket", HealthKind.NONE: None}
    for service, version in both.versions:
        probe = program(both.workload(service, version)).get("readinessProbe", {})
        asked = next((handler for handler in handlers.values() if handler in probe), None)
        assert asked == handlers[service.health.kind], service.key
        assert (probe.get("httpGet") or {"path": ""})["path"] == service.health.path


def test_what_names_a_variable_is_expanded_on_both_sides_alike() -> None:
    both = SHIPPED["every key"]
    (api,) = [service for service in both.application.services if service.key == "api"]
    there = {one["name"]: one.get("value") for one in program(both.workload(api, api.versions[0]))["env"]}
    here = environment(both.instance(api, api.versions[0]), api.versions[0])
    assert there["NAMED"] == "$(DATABASE_URL) of $(OTEL_SERVICE_NAME) at $(MESH_TCP_DB_1), $$(A)"
    assert here["NAMED"].startswith("sqlite:////state/data.db of $(OTEL_SERVICE_NAME) at 127.0.0.1:")
    assert here["NAMED"].endswith(", $(A)")
    assert here["HERE"] == there["HERE"] == "$(HOSTNAME) $(MESH_OUTBOUND)"


def test_a_number_is_written_in_digits_on_both_sides() -> None:
    both = SHIPPED["every key"]
    (api,) = [service for service in both.application.services if service.key == "api"]
    there = {one["name"]: one.get("value") for one in program(both.workload(api, api.versions[0]))["env"]}
    numbers = {
        "BIG": "1000000",
        "ID": "12345678901",
        "SHARE": "0.000025",
        "MANY": "1500",
        "HUNDRED": "100",
        "WHOLE": "3",
    }
    assert numbers.items() <= there.items()
    assert numbers.items() <= environment(both.instance(api, api.versions[0]), api.versions[0]).items()


def test_what_speaks_no_http_is_dialled_by_the_same_variables_at_the_names_of_the_cluster(both: Shipped) -> None:
    for service, version in both.running:
        instance = both.instance(service, version)
        told = {one["name"]: one.get("value") for one in program(both.workload(service, version))["env"]}
        for dialled in instance.outbound:
            host, _, port = told[dialled.variable].rpartition(":")
            assert int(port) == dialled.port
            called = both.application.service_at(dialled.host)
            assert host in (called.names_from(service.namespace) if called else (dialled.host,))


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


def test_each_istio_object_of_the_chart_is_the_one_in_the_file(both: Shipped) -> None:
    written = [
        document
        for folder in both.policies
        for file in folder.rglob("*.yaml")
        for document in yaml.load_all(file.read_text(), yaml.CSafeLoader)
        if document and "kind" in document
    ]
    shipped = [one for one in both.manifests if ISTIO.match(one["apiVersion"])]

    def by_name(one: Manifest) -> tuple[str, str, str]:
        return one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]

    assert sorted(shipped, key=by_name) == sorted(written, key=by_name)


def test_the_mesh_config_and_how_istio_is_installed_are_no_objects_of_the_application(tmp_path: Path) -> None:
    chart = tmp_path / "shop"
    shutil.copytree(ROOT / "helm" / "shop", chart)
    (chart / "policies" / "mesh" / "meshconfig.yaml").write_text("enableTracing: true\n")
    (chart / "policies" / "install").mkdir(exist_ok=True)
    (chart / "policies" / "install" / "istiod.yaml").write_text("pilot: {}\n")
    shipped, others = render(str(chart), "shop"), render("shop", "shop")
    assert [(one["kind"], one["metadata"]["name"]) for one in shipped] == [
        (one["kind"], one["metadata"]["name"]) for one in others
    ]


def test_policies_for_the_whole_mesh_can_be_left_to_the_cluster(tmp_path: Path) -> None:
    chart = tmp_path / "shop"
    shutil.copytree(ROOT / "helm" / "shop", chart)
    strict = (chart / "policies" / "mesh" / "peerauthentication.yaml").read_text()
    (chart / "policies" / "both.yaml").write_text(f"{strict}---\n{strict.replace('istio-system', 'shop')}")

    def strict_in(*words: str) -> list[str]:
        shipped = of_kind(render(str(chart), "shop", *words), "PeerAuthentication")
        return [one["metadata"]["namespace"] for one in shipped]

    assert strict_in() == ["istio-system", "shop", "istio-system"]
    assert strict_in("--set", "meshPolicies=false") == ["shop"]


def test_what_is_switched_off_here_is_not_scaled_there() -> None:
    off = render("shop", "shop", "--set", "services.catalog.versions.v2.replicas=0")
    assert workloads(off)["shop", "catalog", "v2"]["spec"]["replicas"] == 0
    scaled = {one["spec"]["scaleTargetRef"]["name"] for one in of_kind(off, "HorizontalPodAutoscaler")}
    assert "catalog-v1" in scaled
    assert "catalog-v2" not in scaled


def test_a_release_in_another_namespace_than_its_identities_is_refused() -> None:
    with pytest.raises(ChartError, match="install there, with --namespace shop"):
        render("shop", "default")


def test_a_key_mesh_up_does_not_know_is_refused_by_the_chart_too(tmp_path: Path) -> None:
    values = tmp_path / "values.yaml"
    values.write_text("services: {catalog: {replica: 3}}")
    with pytest.raises(ChartError, match="additional properties 'replica' not allowed"):
        render_text("shop", "shop", "-f", str(values))


def test_the_chart_takes_every_key_mesh_up_takes_and_no_other() -> None:
    """The file with every key is read by `mesh up` in tests/policies; here the chart's schema knows the same keys.
    Policies are given to both beside the file."""
    render("application", "shop", "-f", str(EVERY_KEY))
    used = yaml.load(EVERY_KEY.read_text(), yaml.CSafeLoader)
    schema = json.loads((ROOT / "helm" / "application" / "values.schema.json").read_text())
    known = schema["definitions"]
    services = list(used["services"].values())
    levels = {
        "": (schema, [used, {"policies": {}}]),
        "service": (known["service"], services),
        "version": (known["version"], [one for service in services for one in service["versions"].values()]),
        "gateway": (known["gateway"], list(used["gateways"].values())),
    }
    for level, (described, examples) in levels.items():
        assert set(described["properties"]) == {key for example in examples for key in example}, level
