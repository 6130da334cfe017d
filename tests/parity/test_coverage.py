"""Every field that docs/policies calls supported stands in a case, which both control planes run and compare."""

import re
from collections.abc import Iterator

import pytest
import yaml

from tests.docs.policy_page import MESH_CONFIG, Page, kind_of, pages
from tests.parity.case import Case, all_cases

ELSEWHERE = {
    "MeshConfig.trustDomain": "cannot change while a mesh runs: tests/e2e/test_trust_domain.py, on both control planes",
}
"""Fields, with all below them, that no case can have: why, and where they are proven if they can be."""
WITHOUT_EFFECT = "nothing"
"""What the table says of a field of clusters that one machine has no use for."""


def paths(node: object, path: str) -> Iterator[str]:
    """Of every key, without the numbers of lists."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield f"{path}.{key}"
            yield from paths(value, f"{path}.{key}")
    elif isinstance(node, list):
        for one in node:
            yield from paths(one, path)


def used(case: Case) -> Iterator[str]:
    for document in yaml.safe_load_all(case.policies):
        if document:
            yield from paths(document.get("spec") or {}, document["kind"])
    for document in yaml.safe_load_all(case.mesh_config):
        yield from paths(document or {}, "MeshConfig")


@pytest.fixture(scope="module")
def in_cases() -> set[str]:
    return {path for case in all_cases() for path in used(case)}


@pytest.mark.parametrize("name", pages())
def test_every_supported_field_stands_in_a_case(name: str, in_cases: set[str]) -> None:
    page = Page.read(name)
    kind = "MeshConfig" if name == MESH_CONFIG else kind_of(name)
    missing = []
    for field, effect in page.effects:
        path = f"{kind}.{field.replace('[]', '')}"
        words = re.compile(re.escape(path).replace(r"\*", r".+"))
        elsewhere = any(path == known or path.startswith(f"{known}.") for known in ELSEWHERE)
        if not elsewhere and effect != WITHOUT_EFFECT and not any(words.fullmatch(one) for one in in_cases):
            missing.append(path)
    assert missing == []
