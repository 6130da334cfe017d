"""Every field that docs/policies calls supported, every value and every kind of patch stands in a case, which both
control planes run and compare."""

import re
from collections.abc import Iterator
from functools import cache

import pytest
import yaml

from loopmesh.model.patch import Direction, Operation, Target
from loopmesh.policies.envoy_filter.envoy_filter import OPERATIONS
from loopmesh.policies.service_entry import PROTOCOLS
from tests.docs.policy_page import MESH_CONFIG, Page, kind_of, pages
from tests.docs.test_policies import asked_on
from tests.parity.case import Case, all_cases

ELSEWHERE = {
    "MeshConfig.trustDomain": "cannot change while a mesh runs: tests/e2e/test_trust_domain.py, on both control planes",
}
"""Fields, with all below them, that no case can have: why, and where they are proven if they can be."""
WITHOUT_EFFECT = "nothing"
"""What the table says of a field of clusters that one machine has no use for."""
IN_EVERY_CONTEXT = {Target.HTTP_FILTER, Target.NETWORK_FILTER, Target.CLUSTER, Target.VIRTUAL_HOST, Target.HTTP_ROUTE}
"""What may be patched wherever it is; the rest in one context at least."""
each_page = pytest.mark.parametrize("name", pages())


CASES = all_cases()


def leaves(node: object, path: str) -> Iterator[tuple[str, str]]:
    """Every key with the value below it, empty where that is no single one, without the numbers of lists."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield f"{path}.{key}", ""
            yield from leaves(value, f"{path}.{key}")
    elif isinstance(node, list):
        for one in node:
            yield from leaves(one, path)
    else:
        yield path, str(node)


def used(case: Case) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for document in yaml.safe_load_all(case.policies):
        if document:
            found.update(leaves(document.get("spec"), document["kind"]))
    for document in yaml.safe_load_all(case.mesh_config):
        found.update(leaves(document, "MeshConfig"))
    return found


USED = {case.name: used(case) for case in CASES}


@cache
def pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.escape(path).replace(r"\*", r".+"))


def field_of(page: str, path: str) -> str:
    """`VirtualService.http.match` for `http[].match[]` of its page."""
    return f"{'MeshConfig' if page == MESH_CONFIG else kind_of(page)}.{path.replace('[]', '')}"


FIELDS = {page: [(field_of(page, path), effect) for path, effect in Page.read(page).effects] for page in pages()}
KNOWN = [pattern(path) for fields in FIELDS.values() for path, _ in fields]


def is_asked_for(path: str, effect: str) -> bool:
    return effect != WITHOUT_EFFECT and not any(path == known or path.startswith(f"{known}.") for known in ELSEWHERE)


@pytest.fixture(scope="module")
def covered() -> set[str]:
    """All that cases claim, with all it stands in."""
    found: set[str] = set()
    for case in CASES:
        for path, _ in USED[case.name]:
            if any(pattern(claim).fullmatch(path) for claim in case.covers):
                steps = path.split(".")
                found |= {".".join(steps[:end]) for end in range(1, len(steps) + 1)}
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_covers_supported_fields_that_stand_in_its_policies(case: Case) -> None:
    written = {path for path, _ in USED[case.name]}
    assert [claim for claim in case.covers if not any(field.fullmatch(claim) for field in KNOWN)] == []
    assert [claim for claim in case.covers if not any(pattern(claim).fullmatch(path) for path in written)] == []


@each_page
def test_every_supported_field_is_covered_by_a_case(name: str, covered: set[str]) -> None:
    asked = [path for path, effect in FIELDS[name] if is_asked_for(path, effect)]
    assert [path for path in asked if not any(pattern(path).fullmatch(one) for one in covered)] == []


@each_page
def test_every_value_of_a_field_stands_in_a_case(name: str) -> None:
    page = Page.read(name)
    known = {page.first_form(path): values for path, values in asked_on(page).choices.items()}
    if name == "service-entry":
        known["ports[].protocol"] = set(PROTOCOLS)
    written = set().union(*USED.values())
    missing = [
        f"{path}: {value}"
        for path, values in ((field_of(name, one), known[one]) for one in known)
        for value in sorted(values)
        if not any(pattern(path).fullmatch(one) and said == value for one, said in written)
    ]
    assert missing == []


def test_every_patch_stands_in_a_case_in_every_context() -> None:
    written = {patch for case in CASES for patch in patches(case)}
    directions = [one for one in Direction if one is not Direction.ANY]
    every = [(target, operation) for target, operations in OPERATIONS.items() for operation in operations]
    missing = [
        f"{target} {direction} {operation}"
        for target, operation in every
        for direction in directions
        if target in IN_EVERY_CONTEXT and (target, direction, operation) not in written
    ]
    anywhere = {(target, operation) for target, _, operation in written}
    missing += [f"{target} {operation}" for target, operation in every if (target, operation) not in anywhere]
    assert missing == []


def patches(case: Case) -> Iterator[tuple[Target, Direction, Operation]]:
    for document in yaml.safe_load_all(case.policies):
        if document and document["kind"] == "EnvoyFilter":
            for one in document["spec"]["configPatches"]:
                direction = (one.get("match") or {}).get("context", Direction.ANY)
                yield Target(one["applyTo"]), Direction(direction), Operation(one["patch"]["operation"])
