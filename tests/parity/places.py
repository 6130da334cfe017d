"""Where rules stand in the YAML of a case, read without loopmesh."""

import re
from collections.abc import Iterator, Mapping

import yaml

from loopmesh.model.problem import Origin
from loopmesh.simulate.origin import Rule

DEFAULT_NAMESPACE = "lab"
STEP = re.compile(r"\.?([A-Za-z0-9]+)|\[(\d+)]")


def misplaced(places: Mapping[Rule, Origin], rules: set[Rule], policies: str) -> Iterator[str]:
    """Rules that an explanation does not find, or not where they stand in `policies`."""
    for rule in rules:
        told, policy = places.get(rule), rule.policy
        line = line_of(policies, policy.kind, policy.namespace, policy.name, rule.place)
        if told is None or told.line != line:
            yield f"{rule} is told to stand at {told}, and stands at line {line}"


def line_of(policies: str, kind: str, namespace: str, name: str, place: str) -> int:
    """The first line, from 1, of a part of a policy such as `spec.http[1]`, or of as much of it as there is; of all of
    the policy where `place` is empty. Raises LookupError."""
    for node in yaml.compose_all(policies, yaml.SafeLoader):
        if node is not None and _named(node) == (kind, namespace, name):
            return _line(node, place)
    raise LookupError(f"{kind} {namespace}/{name}")


def _line(node: yaml.Node, place: str) -> int:
    line = node.start_mark.line
    for key, number in STEP.findall(place):
        found = {str(at): one for at, one in enumerate(node.value)} if number else dict(_entries(node))
        if (number or key) not in found:
            break
        keys = {one.value: one for one, _ in node.value} if key else {}
        node = found[number or key]
        if key != "spec":
            line = (keys.get(key) or node).start_mark.line
    return int(line) + 1


def _named(node: yaml.Node) -> tuple[str, str, str]:
    said = dict(_entries(node))
    metadata = {key: value.value for key, value in _entries(said["metadata"])}
    return said["kind"].value, metadata.get("namespace", DEFAULT_NAMESPACE), metadata["name"]


def _entries(node: yaml.Node) -> Iterator[tuple[str, yaml.Node]]:
    return ((key.value, value) for key, value in node.value)
