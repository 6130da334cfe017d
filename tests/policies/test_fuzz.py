"""Whatever the input, the only error is one of the user's, with a place in the user's files."""

import contextlib
import json
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopmesh.model.problem import InvalidInputError, Problem
from loopmesh.policies import read_application
from loopmesh.policies.document import API_VERSIONS
from loopmesh.policies.regular_expression import regex_problem
from tests.policies.goldens import FOLDER
from tests.policies.reading import read_policies

KNOWN_KEYS = """
    @type action applyTo attempts authority command configPatches connectTimeout connectionPool context destination env
    exact filter filterChain from gateways headers health host hosts http interval istio labels listen listener
    loadBalancer match matchLabels maxConnections metadata methods mode mtls name namespace number operation
    outlierDetection patch paths perTryTimeout port portLevelMtls ports prefix principals protocol regex replicas
    retries retryOn route rules selector servers services simple source spec subFilter subset subsets tcp timeout tls
    to trafficPolicy typed_config uri value versions weight workloadSelector
"""
TEXTS = """
    * /a* 0s 1s 5xx 80 ALLOW DENY GATEWAY HTTP HTTP_FILTER INSERT_BEFORE STRICT catalog cluster.local/ns/a/sa/b edge
    envoy..x envoy.filters.http.router grpc http:/ mesh tcp type.googleapis.com/ v1 ² é
    type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
"""
ATOMS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
SCALARS = ATOMS | st.sampled_from(TEXTS.split()) | st.sampled_from(KNOWN_KEYS.split()) | st.sampled_from(["", "\0"])
KEYS = st.one_of(st.sampled_from(KNOWN_KEYS.split()), st.sampled_from(TEXTS.split()), st.text(max_size=4))
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=40
)
FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def mutated(tree: Any, path: list[int], new: Any) -> Any:
    """The tree with one value replaced, found by taking turns modulo the number of branches."""
    if not path or not isinstance(tree, dict | list) or not tree:
        return new
    step, rest = path[0] % len(tree), path[1:]
    if isinstance(tree, list):
        return [mutated(item, rest, new) if number == step else item for number, item in enumerate(tree)]
    chosen = list(tree)[step]
    return {key: mutated(item, rest, new) if key == chosen else item for key, item in tree.items()}


def documents_of(folder: str) -> list[Any]:
    found: list[Any] = []
    for file in sorted((FOLDER / folder).glob("*.yaml")):
        found += [document for document in yaml.safe_load_all(file.read_bytes()) if document]
    return json.loads(json.dumps(found, default=str))  # type: ignore[no-any-return]


def only_users_mistakes(content: str | bytes) -> None:
    """Any other error than one with problems fails the test by itself."""
    problems: tuple[Problem, ...] = ()
    try:
        read_policies(content)
    except InvalidInputError as error:
        problems = error.problems
    assert all(problem.origin.file == "0.yaml" and problem.rule and problem.remedy for problem in problems)


@FUZZ
@given(st.binary(max_size=200))
def test_bytes(content: bytes) -> None:
    only_users_mistakes(content)


@FUZZ
@given(st.text(alphabet="ab:-?[]{}&*!|>'\"#%@, \n\t0.1", max_size=80))
def test_text_of_yaml_signs(content: str) -> None:
    only_users_mistakes(content)


@FUZZ
@given(st.sampled_from(sorted(API_VERSIONS)), TREES)
def test_any_tree_as_the_spec_of_any_kind(kind: str, spec: Any) -> None:
    document = {"apiVersion": API_VERSIONS[kind][0], "kind": kind, "metadata": {"name": "a"}, "spec": spec}
    only_users_mistakes(json.dumps(document))


@FUZZ
@given(st.sampled_from(documents_of("valid")), st.lists(st.integers(0, 9), max_size=9), TREES)
def test_valid_policies_with_one_value_replaced(document: Any, path: list[int], new: Any) -> None:
    only_users_mistakes(json.dumps(mutated(document, path, new)))


@FUZZ
@given(st.sampled_from(documents_of("values_valid")), st.lists(st.integers(0, 9), max_size=6), TREES)
def test_valid_values_with_one_value_replaced(tmp_path_factory: Any, values: Any, path: list[int], new: Any) -> None:
    file: Path = tmp_path_factory.getbasetemp() / "values.yaml"
    file.write_text(json.dumps(mutated(values, path, new)))
    with contextlib.suppress(InvalidInputError):
        read_application(file)


@FUZZ
@given(st.text(alphabet=r"ab(?=<P!:>)[]^{},123*+|\pQEZxiU.$#", max_size=20))
def test_expressions(pattern: str) -> None:
    regex_problem(pattern)
