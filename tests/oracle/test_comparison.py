"""What a compiler leaves out is told, but for what loopmesh declares."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from loopmesh.compile import assumed_topology, compile_mesh
from loopmesh.oracle.comparison.compare import compare_parts
from loopmesh.oracle.comparison.parts import Configuration, Part, parts_of
from loopmesh.oracle.comparison.plain import Plain
from loopmesh.policies import PolicySet, check_policies, read_application
from tests.parity.case import LAB_FOLDER, OUTSIDE_PORT, OUTSIDE_TLS_PORT, Case, all_cases

LAB = read_application(Path(__file__).parents[1] / "parity" / "lab" / "values.yaml")
PLACES = {OUTSIDE_PORT: "18200", OUTSIDE_TLS_PORT: "18443", LAB_FOLDER: "/tmp"}
KINDS = ("destination_rule/", "virtual_service/", "service_entry/", "mesh_config/")
PARTS = ("cluster", "route", "host")
ENOUGH = 150
SAME = (
    "cluster name",
    "cluster cluster_type.typed_config.allow_insecure_cluster_options",
    "cluster cluster_type.typed_config.dns_cache_config.name",
    "cluster circuit_breakers.thresholds.*.track_remaining",
    "cluster load_assignment.endpoints.*.lb_endpoints.*.health_status",
)
"""What stands in the part's own name, what is declared to mean nothing, and what is Envoy's default."""
SAN_TYPE = ".match_typed_subject_alt_names.*.san_type"
"""The kind of a name that is expected of a server; of all kinds means the same."""


def compiled_parts(case: Case) -> Iterator[tuple[Part, Plain]]:
    """Of every proxy of the laboratory under the case's policies."""
    files = {"policies.yaml": case.policies, "meshconfig.yaml": case.mesh_config}
    given = [(name, text.encode()) for name, text in files.items() if text]
    policies = check_policies(PolicySet.parse(given, LAB.namespace), LAB)
    topology = assumed_topology(LAB, policies)
    configs = compile_mesh(topology, policies)
    for workload in topology.workloads:
        config = configs[workload.name]
        found = Configuration(clusters=config.clusters, listeners=config.listeners, routes=config.routes)
        yield from parts_of(found, workload).items()


def all_parts() -> list[tuple[Part, Plain]]:
    """Each once: the proxies of the laboratory have most in common."""
    cases = [one.placed(PLACES) for one in all_cases() if one.name.startswith(KINDS)]
    found = {(part[0], repr(value)): (part, value) for case in cases for part, value in compiled_parts(case)}
    return [(part, value) for part, value in found.values() if part[0] in PARTS]


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict) and value:
        for key, inside in value.items():
            yield from leaves(inside, (*path, key))
    elif isinstance(value, list) and value:
        for number, inside in enumerate(value):
            yield from leaves(inside, (*path, number))
    elif path:
        yield path


def without(value: Plain, path: tuple[Any, ...]) -> Plain:
    changed = copy.deepcopy(value)
    inside: Any = changed
    for step in path[:-1]:
        inside = inside[step]
    del inside[path[-1]]
    return changed


def is_told(part: Part, own: Plain, istio: Plain) -> bool:
    """Also what is no configuration any more, without the name of a header."""
    try:
        return any(not found.reason for found in compare_parts(part, own, istio))
    except (KeyError, IndexError):
        return True


def test_every_field_that_gets_lost_is_told() -> None:
    untold, told = set[str](), set[str]()
    for part, value in all_parts():
        for path in leaves(value):
            name = f"{part[0]} {'.'.join('*' if isinstance(step, int) else step for step in path)}"
            if name not in told:
                (told if is_told(part, without(value, path), value) else untold).add(name)
    lost = {name for name in untold - told if not name.endswith(SAN_TYPE)}
    assert lost == set(SAME)
    assert len(told) > ENOUGH


def test_what_only_one_of_the_two_has_is_told_without_its_configuration() -> None:
    (found,) = compare_parts(
        ("cluster", "inbound|80||"), None, {"name": "inbound|80||", "alt_stat_name": "inbound|80||;"}
    )
    assert found.text == "the program at port 80: only Istio has it"
