"""The pages of docs/policies say what the readers do: every field they know, with an example, and what they refuse."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from loopmesh.compile import compiled_files
from loopmesh.model.problem import InvalidInputError, Problem
from loopmesh.policies import PolicySet, check_policies, read_application
from loopmesh.policies.document import API_VERSIONS
from loopmesh.policies.refused_kinds import REFUSED_KINDS
from tests.docs.asked_fields import AskedFields
from tests.docs.policy_page import MESH_CONFIG, Page, kind_of, page_of, pages

APPLICATION = read_application(Path(__file__).parent / "values.yaml")
INDEX = Page.read("README")
each_page = pytest.mark.parametrize("name", pages())
STEP = re.compile(r"([^.\[\]]+)|(\[\])")


def policy_set(page: Page, example: str) -> PolicySet:
    if page.name == MESH_CONFIG:
        return PolicySet.parse([("meshconfig.yaml", example.encode())], APPLICATION.namespace)
    files = [("meshconfig.yaml", page.mesh_config.encode()), ("example.yaml", example.encode())]
    return PolicySet.parse(files, APPLICATION.namespace)


def asked_on(page: Page) -> AskedFields:
    """What the kind's own reader asks for while it reads the examples."""
    asked = AskedFields()
    for example in page.examples:
        whole = policy_set(page, example)
        own = {name: one for name, one in whole.documents.items() if name.kind == kind_of(page.name)}
        with asked.noted():
            problems_of(PolicySet(own, (), whole.mesh_config if page.name == MESH_CONFIG else None))
    asked.known = {page.first_form(path) for path in asked.known}
    asked.refused = {page.first_form(path): reason for path, reason in asked.refused.items()}
    return asked


def problems_of(policies: PolicySet) -> tuple[Problem, ...]:
    try:
        check_policies(policies, APPLICATION)
    except InvalidInputError as error:
        return error.problems
    return ()


def specs(page: Page, example: str) -> Iterator[tuple[list[Any], Any]]:
    """All documents of an example, and the part of one of them that the page's paths count from."""
    documents = list(yaml.safe_load_all(example))
    for document in documents:
        if page.name == MESH_CONFIG:
            yield documents, document
        elif document["kind"] == kind_of(page.name):
            yield documents, document.setdefault("spec", {})


def occurrences(value: Any, path: str) -> list[Any]:
    """Everything that stands at the path."""
    found = [value]
    for key, each in STEP.findall(path):
        if each:
            found = [item for one in found if isinstance(one, list) for item in one]
        elif key == "*":
            found = [item for one in found if isinstance(one, dict) for item in one.values()]
        else:
            found = [one[key] for one in found if isinstance(one, dict) and key in one]
    return found


@each_page
def test_every_example_is_taken_and_compiled(name: str) -> None:
    page = Page.read(name)
    assert page.examples
    for example in page.examples:
        assert compiled_files(APPLICATION, check_policies(policy_set(page, example), APPLICATION))


@each_page
def test_every_field_a_reader_knows_is_in_the_table(name: str) -> None:
    page = Page.read(name)
    assert set(page.supported) == asked_on(page).supported
    assert len(page.supported) == len(set(page.supported))


@each_page
def test_every_field_of_the_table_is_in_an_example(name: str) -> None:
    page = Page.read(name)
    read = [spec for example in page.examples for _, spec in specs(page, example)]
    there = {path for path in page.supported if any(occurrences(spec, path) for spec in read)}
    for part, first in page.alike.items():
        longer = [path for path in page.supported if path.startswith(f"{first}.")]
        there |= {path for path in longer if any(occurrences(spec, part + path[len(first) :]) for spec in read)}
    assert [path for path in page.supported if path not in there] == []


@each_page
def test_every_field_and_value_not_supported_is_in_the_table_of_refusals(name: str) -> None:
    page = Page.read(name)
    assert {row: reason for row, reason in asked_on(page).refused.items() if row not in dict(page.refused)} == {}


@each_page
def test_every_refusal_of_the_table_is_said_with_its_reason(name: str) -> None:
    page = Page.read(name)
    assert [row for row, reason in page.refused if not is_refused(page, row, reason)] == []


def is_refused(page: Page, row: str, reason: str) -> bool:
    """Puts the field or value into the examples until one of them is refused for the reason."""
    path, _, value = row.partition(": ")
    parent, _, key = path.rpartition(".")
    for example in page.examples:
        for documents, spec in specs(page, example):
            for place in occurrences(spec, parent):
                if isinstance(place, dict):
                    place[key] = yaml.safe_load(value) if value else {"any": "value"}
            found = problems_of(policy_set(page, yaml.safe_dump_all(documents)))
            if any(says(problem, path, reason) for problem in found):
                return True
    return False


def says(problem: Problem, path: str, reason: str) -> bool:
    at = re.escape(path).replace(r"\[\]", r"\[\d+\]").replace(r"\*", ".+")
    is_there = re.match(rf"(spec\.)?{at}(:|$)", problem.value)
    return bool(is_there) and (problem.rule == reason or problem.rule.endswith(f": {reason}"))


def test_the_index_names_every_kind_and_every_kind_that_is_refused() -> None:
    rows = dict(re.findall(r"^\| \[(\w+)\]\(([\w-]+\.md)\)", INDEX.text, re.MULTILINE))
    assert rows == {kind: f"{page_of(kind)}.md" for kind in [*API_VERSIONS, "MeshConfig"] if page_of(kind) in pages()}
    assert dict(INDEX.refused) == REFUSED_KINDS


@pytest.mark.parametrize("kind", [*API_VERSIONS, "MeshConfig"])
def test_every_kind_has_a_page(kind: str) -> None:
    assert page_of(kind) in pages()


@pytest.mark.parametrize("kind", REFUSED_KINDS)
def test_a_kind_of_the_index_s_refusals_is_refused_by_name(kind: str) -> None:
    document = {"apiVersion": "example.com/v1", "kind": kind, "metadata": {"name": "a"}}
    (problem,) = problems_of(PolicySet.parse([("a.yaml", yaml.safe_dump(document).encode())], "shop"))
    assert problem.value == f"kind: {kind}"
    assert problem.rule.endswith(REFUSED_KINDS[kind])
