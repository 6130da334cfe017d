"""What runs on the laptop is what ships: `mesh up` and the chart make the same of one values file."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from loopmesh.model.application import Application
from loopmesh.policies import read_application
from tests.chart.conftest import FOREIGN
from tools.chart.go_tools import ROOT
from tools.chart.render import ChartError, Manifest, of_kind, render, render_text

VALUES = {"shop": ROOT / "helm" / "shop" / "values.yaml", "foreign": FOREIGN}
ISTIO = ROOT / "istio"
EVERY_KEY = ROOT / "tests" / "policies" / "values_valid" / "every_key.yaml"
ADDRESSES = re.compile(r"LISTEN_ADDR|PORT|MESH_.*|DATABASE_URL|OTEL_.*|POD_NAME")
"""What the contract of a service says is different on each side."""


@pytest.fixture(scope="session", params=list(VALUES))
def both(request: pytest.FixtureRequest) -> tuple[Application, list[Manifest]]:
    """The application as `mesh up` reads it, and the chart's manifests of the same file."""
    return read_application(VALUES[request.param]), request.getfixturevalue(request.param)


def workloads(manifests: list[Manifest]) -> dict[tuple[str, str], Manifest]:
    """By service and version."""
    found = {}
    for one in of_kind(manifests, "Deployment", "StatefulSet"):
        labels = one["spec"]["template"]["metadata"]["labels"]
        if "version" in labels:
            found[labels["app"], labels["version"]] = one
    return found


def program(workload: Manifest) -> Mapping[str, Any]:
    (container,) = workload["spec"]["template"]["spec"]["containers"]
    assert isinstance(container, dict)
    return container


def test_the_same_services_run_in_the_same_versions(both: tuple[Application, list[Manifest]]) -> None:
    application, manifests = both
    versions = {(service.name, version.name) for service in application.services for version in service.versions}
    assert set(workloads(manifests)) == versions
    gateways = {
        one["metadata"]["name"]
        for one in of_kind(manifests, "Deployment")
        if "version" not in one["metadata"]["labels"]
    }
    assert gateways == {gateway.name for gateway in application.gateways}


def test_each_version_runs_the_same_command_with_the_same_environment(
    both: tuple[Application, list[Manifest]],
) -> None:
    application, manifests = both
    for service in application.services:
        for version in service.versions:
            container = program(workloads(manifests)[service.name, version.name])
            assert tuple(container["command"]) == version.command
            told = {one["name"]: one.get("value") for one in container["env"]}
            own = {name: value for name, value in told.items() if not ADDRESSES.fullmatch(name)}
            assert own == {name: value for name, value in version.env.items() if not ADDRESSES.fullmatch(name)}


def test_each_service_is_dialled_by_the_same_name_and_ports(both: tuple[Application, list[Manifest]]) -> None:
    application, manifests = both
    services = {one["metadata"]["name"]: one for one in of_kind(manifests, "Service")}
    for service in application.services:
        spec = services[service.name]["spec"]
        dialled = [(port["name"], port["port"]) for port in spec["ports"]]
        assert dialled == [(port.name, port.number) for port in service.ports]
        assert services[service.name]["metadata"]["namespace"] == service.namespace
        for port in spec["ports"]:
            assert port["appProtocol"] == port["name"].partition("-")[0]


def test_each_workload_has_the_same_identity(both: tuple[Application, list[Manifest]]) -> None:
    application, manifests = both
    for service in application.services:
        for version in service.versions:
            workload = workloads(manifests)[service.name, version.name]
            account = workload["spec"]["template"]["spec"]["serviceAccountName"]
            assert (workload["metadata"]["namespace"], account) == (
                service.identity.namespace,
                service.identity.service_account,
            )


def test_as_many_replicas_run_where_nothing_scales_them(both: tuple[Application, list[Manifest]]) -> None:
    application, manifests = both
    scaled = {one["spec"]["scaleTargetRef"]["name"] for one in of_kind(manifests, "HorizontalPodAutoscaler")}
    for service in application.services:
        for version in service.versions:
            workload = workloads(manifests)[service.name, version.name]
            said = workload["spec"].get("replicas")
            expected = None if workload["metadata"]["name"] in scaled else version.replicas
            assert said == expected


def test_instances_that_keep_their_names_are_stateful(both: tuple[Application, list[Manifest]]) -> None:
    application, manifests = both
    for service in application.services:
        for version in service.versions:
            kind = workloads(manifests)[service.name, version.name]["kind"]
            assert kind == ("StatefulSet" if service.stateful else "Deployment")


def test_each_istio_object_of_the_chart_is_the_one_in_the_file(shop: list[Manifest]) -> None:
    written = [
        document
        for file in sorted(ISTIO.rglob("*.yaml"))
        for document in yaml.load_all(file.read_text(), yaml.CSafeLoader)
        if document and "kind" in document
    ]
    shipped = [one for one in shop if ".istio.io/" in one["apiVersion"]]

    def by_name(one: Manifest) -> tuple[str, str, str]:
        return one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]

    assert sorted(shipped, key=by_name) == sorted(written, key=by_name)


def test_a_release_in_another_namespace_than_its_identities_is_refused() -> None:
    with pytest.raises(ChartError, match="install there, with --namespace shop"):
        render("shop", "default")


def test_a_key_mesh_up_does_not_know_is_refused_by_the_chart_too(tmp_path: Path) -> None:
    values = tmp_path / "values.yaml"
    values.write_text("services: {catalog: {replica: 3}}")
    with pytest.raises(ChartError, match="additional properties 'replica' not allowed"):
        render_text("shop", "shop", "-f", str(values))


def test_the_chart_takes_every_key_mesh_up_takes_and_no_other() -> None:
    """The file with every key is read by `mesh up` in tests/policies; here the chart's schema knows the same keys."""
    render("application", "shop", "-f", str(EVERY_KEY))
    used = yaml.load(EVERY_KEY.read_text(), yaml.CSafeLoader)
    schema = json.loads((ROOT / "helm" / "application" / "values.schema.json").read_text())
    known = schema["definitions"]
    services = list(used["services"].values())
    levels = {
        "": (schema, [used]),
        "service": (known["service"], services),
        "version": (known["version"], [one for service in services for one in service["versions"].values()]),
        "gateway": (known["gateway"], list(used["gateways"].values())),
    }
    for level, (described, examples) in levels.items():
        assert set(described["properties"]) == {key for example in examples for key in example}, level
