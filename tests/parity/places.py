"""Where rules stand in the YAML of a case, read without loopmesh."""

import re
from collections.abc import Iterator, Mapping

import yaml

from loopmesh.model.mesh_settings import MESH_CONFIG
from loopmesh.model.policy import PolicyName
from loopmesh.model.problem import Origin
from loopmesh.simulate.origin import Rule

DEFAULT_NAMESPACE = "lab"
STEP = re.compile(r"\.?([A-Za-z0-9]+)|\[(\d+)]")


def misplaced(places: Mapping[Rule, Origin], rules: set[Rule], policies: str, mesh_config: str) -> Iterator[str]:
    """Rules that an explanation does not find, or not where they stand in `policies` or the mesh config."""
    for rule in rules:
        told = places.get(rule)
        line = line_of_setting(mesh_config, rule.place) if rule.policy == MESH_CONFIG else line_of(policies, rule)
        if told is None or told.line != line:
            yield f"{rule} is told to stand at {told}, and stands at line {line}"


def line_of(policies: str, rule: Rule) -> int:
    """The first line, from 1, of a part of a policy such as `spec.http[1]`, or of as much of it as there is; of all of
    the policy where its place is empty. Raises LookupError."""
    for node in yaml.compose_all(policies, yaml.SafeLoader):
        if node is not None and _named(node) == rule.policy:
            return _line(node, rule.place)
    raise LookupError(str(rule.policy))


def line_of_setting(mesh_config: str, place: str) -> int:
    """Likewise of the mesh config."""
    return next(_line(node, place) for node in yaml.compose_all(mesh_config, yaml.SafeLoader))


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


def _named(node: yaml.Node) -> PolicyName:
    said = dict(_entries(node))
    metadata = {key: value.value for key, value in _entries(said["metadata"])}
    namespace = metadata.get("namespace", DEFAULT_NAMESPACE)
    return PolicyName(kind=said["kind"].value, namespace=namespace, name=metadata["name"])


def _entries(node: yaml.Node) -> Iterator[tuple[str, yaml.Node]]:
    return ((key.value, value) for key, value in node.value)
