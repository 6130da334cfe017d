"""What YAML the files may hold, beyond mappings and lists: aliases, merged keys, JSON, templates by mistake."""

import json

import pytest

from loopmesh.model.problem import InvalidInputError
from loopmesh.policies.yaml_tree import parse_yaml

RETRIES = "base: &base {attempts: 2, retryOn: 5xx}\nother: &other {attempts: 7, perTryTimeout: 1s}\n"


def read(text: str) -> object:
    (node,) = parse_yaml("0.yaml", text.encode())
    return node.plain()


@pytest.mark.parametrize("number", [".inf", "-.INF", ".nan"])
def test_a_number_json_has_not_is_refused(number: str) -> None:
    with pytest.raises(InvalidInputError, match="JSON has no such number"):
        read(f"a: {number}\n")
    assert read(f"a: '{number}'\n") == {"a": number}


@pytest.mark.parametrize("number", ["1e999", "-1.0e+999"])
def test_a_number_beyond_a_double_is_text(number: str) -> None:
    assert read(f"a: {number}\n") == {"a": number}


@pytest.mark.parametrize("indented", ["a:\n\tb: 1\n", "\ufeffa:\r\n  b:\r\n  \tc: 1\r\n"])
def test_a_tab_that_indents_is_named(indented: str) -> None:
    with pytest.raises(InvalidInputError, match="YAML: a tab does not indent; indent with spaces"):
        read(indented)


@pytest.mark.parametrize(
    "mapping",
    [
        "{<<: *base, attempts: 5}",
        "{attempts: 5, <<: *base}",
        "{<<: {attempts: 2, retryOn: 5xx}, attempts: 5}",
    ],
)
def test_merged_keys_do_not_outweigh_those_that_are_said(mapping: str) -> None:
    found = read(f"{RETRIES}merged: {mapping}")
    assert isinstance(found, dict)
    assert found["merged"] == {"attempts": 5, "retryOn": "5xx"}


def test_of_several_merged_mappings_the_first_wins() -> None:
    found = read(f"{RETRIES}merged: {{<<: [*base, *other]}}")
    assert isinstance(found, dict)
    assert found["merged"] == {"attempts": 2, "retryOn": "5xx", "perTryTimeout": "1s"}


def test_merged_keys_are_merged_on() -> None:
    found = read(f"{RETRIES}more: &more {{<<: *base, backoff: 1s}}\nmerged: {{<<: *more}}")
    assert isinstance(found, dict)
    assert found["merged"] == {"attempts": 2, "retryOn": "5xx", "backoff": "1s"}


def test_a_key_in_quotes_merges_nothing() -> None:
    assert read('{"<<": {a: 1}}') == {"<<": {"a": 1}}


def test_a_merged_key_is_told_where_it_stands() -> None:
    (node,) = parse_yaml("0.yaml", f"{RETRIES}merged:\n  <<: *other\n".encode())
    assert isinstance(node.value, dict)
    assert node.value["merged"].lines["perTryTimeout"] == 2


@pytest.mark.parametrize("merged", ["1", "[1]", "[[a]]", "text"])
def test_only_mappings_are_merged(merged: str) -> None:
    with pytest.raises(InvalidInputError, match=r"0\.yaml:1: <<: what is merged here is a mapping"):
        read(f"{{<<: {merged}}}")


def test_json_is_read_as_it_is() -> None:
    policy = {"a": [1, 2.5, True, None, "text"], "b": {"c": "ä\n\t\"'"}}
    assert read(json.dumps(policy, indent="\t")) == policy


@pytest.mark.parametrize("text", ["{{- if .Values.on }}\na: b\n{{- end }}", "a: {{ .Values.name }}"])
def test_a_template_is_known_by_its_braces(text: str) -> None:
    with pytest.raises(InvalidInputError, match="if it is a Helm template, render it first"):
        read(text)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("1e3", 1000.0),
        ("-5E-1", -0.5),
        ("09", 9.0),
        ("0o17", 15),
        ("y", True),
        ("N", False),
        ("1e400", "1e400"),
        ("e5", "e5"),
        ("1.2.3", "1.2.3"),
        ('"1e3"', "1e3"),
        ("'y'", "y"),
    ],
)
def test_a_word_without_quotes_is_what_kubernetes_and_helm_read(word: str, value: object) -> None:
    found = read(f"a: {word}")
    assert isinstance(found, dict)
    assert (type(found["a"]), found["a"]) == (type(value), value)


@pytest.mark.parametrize("key", ["on", "Off", "YES", "n", "true"])
def test_a_key_that_kubernetes_reads_as_a_truth_is_refused(key: str) -> None:
    with pytest.raises(InvalidInputError, match=f"{key}: Kubernetes reads the key as true or false; put it in quotes"):
        read(f"a: {{{key}: 1}}")
    assert read(f'a: {{"{key}": 1, {key}-b: 2}}') == {"a": {key: 1, f"{key}-b": 2}}
