"""`mesh up` and the chart start the same programs and tell them the same."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loopmesh.model.application import Version
from loopmesh.model.topology import Workload
from loopmesh.run.environment import program_environment, told_variables
from loopmesh.run.expansion import expand
from loopmesh.run.runtime_folder import WorkloadFolder
from tests.chart.shipped import SHIPPED, Shipped, program

ONLY_HERE = {"HOSTNAME", "MESH_OUTBOUND", "LOOPMESH_RUNTIME", "no_proxy"}
"""On Kubernetes a program dials names, and HOSTNAME is set in the pod without the chart."""
OTLP = {"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL"}
"""There without `tracing.endpoint` spans go nowhere."""
ADDRESSES = re.compile(r"POD_NAME|LISTEN_ADDR|PORT|MESH_TCP_.*|DATABASE_URL|OTEL_EXPORTER_OTLP_ENDPOINT")
"""Of the same name on both sides, with the addresses and the instance of each, unless the values say them."""


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
