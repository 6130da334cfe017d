"""One values file as `mesh up` reads it and as the chart renders it, for all that must be the same of both."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from loopmesh.model.application import Application, Service, Version
from loopmesh.model.topology import Ports, Workload, place
from loopmesh.policies import PolicySet, check_policies, read_application, read_files
from tools.chart.go_tools import ROOT
from tools.chart.render import Manifest, of_kind, render

E2E = ROOT / "tests" / "e2e"
EVERY_KEY = ROOT / "tests" / "policies" / "values_valid" / "every_key.yaml"


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
