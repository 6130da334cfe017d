"""All policies of a mesh as documents, by name. Enters: contents of files. Leaves: a set to merge others into."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath

from loopmesh.model.identity import TRUST_DOMAIN
from loopmesh.model.mesh_settings import MESH_CONFIG, MeshSettings
from loopmesh.model.policy import PolicyName, Source
from loopmesh.model.problem import InvalidInputError, Origin, Problem
from loopmesh.policies.chart_values import check_chart_values, is_chart_values
from loopmesh.policies.document import API_VERSIONS, Document, read_document
from loopmesh.policies.yaml_tree import Node, parse_yaml

STEP = re.compile(r"\w+")
"""A key, or the number of an item."""
MOST_CHARACTERS = 1_572_864
"""Kubernetes stores no larger object (etcd's request size limit, 1.5 MiB); its YAML has at least this much text."""
LISTS = ("List", *(f"{kind}List" for kind in API_VERSIONS))
WRAPPED = "meshConfig"
"""What a mesh config stands under in values of Istio's charts."""
MESH_CONFIG_FILE = "meshconfig.yaml"
"""A file of this name is Istio's mesh config, which is no Kubernetes object and so has no `kind` to be known by."""


@dataclass(frozen=True, slots=True)
class PolicySet:
    """Documents in the order read, the mesh config, and what was wrong with what is not among them; never changed.

    A set with problems is no use to anybody but `check_policies`, which raises them together with its own.
    """

    documents: Mapping[PolicyName, Document] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    mesh_config: Node | None = None

    @classmethod
    def parse(cls, files: Iterable[tuple[str, bytes]], default_namespace: str) -> "PolicySet":
        """Reads every document of every (name, content), and notes what cannot be read."""
        problems: list[Problem] = []
        documents: dict[PolicyName, Document] = {}
        mesh_config: Node | None = None
        for name, content in files:
            if PurePath(name).name == MESH_CONFIG_FILE:
                mesh_config = _mesh_config(name, content, mesh_config, problems)
                continue
            for node in _nodes(name, content, problems):
                if is_chart_values(name, node):
                    check_chart_values(node, problems)
                    continue
                if node.length > MOST_CHARACTERS:
                    problems.append(_too_large(node))
                    continue
                document = read_document(node, default_namespace, problems)
                if document is None:
                    continue
                if document.policy in documents:
                    problems.append(_twice(document, documents[document.policy]))
                documents[document.policy] = document
        return cls(documents, tuple(problems), mesh_config)

    def merged(self, newer: "PolicySet") -> "PolicySet":
        """Policies of the same name are replaced where they stand, others are added at the end."""
        documents = {**self.documents, **newer.documents}
        return PolicySet(documents, (*self.problems, *newer.problems), newer.mesh_config or self.mesh_config)

    @property
    def trust_domain(self) -> str:
        """As the mesh config says it, for whoever does not read all of it."""
        return self._said("trustDomain", TRUST_DOMAIN)

    @property
    def root_namespace(self) -> str:
        """Likewise."""
        return self._said("rootNamespace", MeshSettings().root_namespace)

    def _said(self, key: str, default: str) -> str:
        said = self.mesh_config.plain() if self.mesh_config else None
        name = said.get(key) if isinstance(said, dict) else None
        return name if isinstance(name, str) else default

    @property
    def names(self) -> list[PolicyName]:
        """Everything in it."""
        return [*([MESH_CONFIG] if self.mesh_config else []), *self.documents]

    def without(self, names: Iterable[PolicyName]) -> "PolicySet":
        gone = set(names)
        documents = {name: one for name, one in self.documents.items() if name not in gone}
        return PolicySet(documents, self.problems, None if MESH_CONFIG in gone else self.mesh_config)

    def place(self, source: Source, key: str) -> Origin:
        """Where a policy says `key` of its `spec`; its first line if it does not."""
        spec = self.documents[source.policy].spec
        line = spec.lines.get(key)
        return source.origin if line is None else Origin(file=spec.origin.file, line=line)

    def origin_at(self, policy: PolicyName, place: str) -> Origin | None:
        """Where `place` (`spec.http[1]`) of a policy stands, or as much of it as there is; None for no such policy."""
        found = self._located(policy, place)
        return found[0] if found else None

    def said_at(self, policy: PolicyName, place: str) -> object:
        """What a policy says there, as of YAML; None for nothing."""
        found = self._located(policy, place)
        return found[1].plain() if found and found[1] else None

    def _located(self, policy: PolicyName, place: str) -> tuple[Origin, Node | None] | None:
        """With what stands there, if all of the place is there."""
        if policy == MESH_CONFIG and self.mesh_config is not None:
            origin, node = self.mesh_config.origin, self.mesh_config
        elif policy in self.documents:
            origin, node = self.documents[policy].origin, self.documents[policy].spec
        else:
            return None
        for step in STEP.findall(place.removeprefix("spec")):
            value = node.value
            if step.isdecimal() and isinstance(value, list) and int(step) < len(value):
                node = value[int(step)]
                origin = node.origin
            elif isinstance(value, dict) and step in value:
                origin = Origin(file=origin.file, line=node.lines.get(step, origin.line))
                node = value[step]
            else:
                return origin, None
        return origin, node


def no_policies(files: Iterable[tuple[str, bytes]]) -> InvalidInputError:
    """For those of whom all have none, though something was meant."""
    return InvalidInputError(
        _problem(name, "there is no policy in it", "name a file that holds one") for name, _ in files
    )


def _mesh_config(name: str, content: bytes, earlier: Node | None, problems: list[Problem]) -> Node | None:
    """The file as a whole; one of nothing but comments says what Istio's defaults say."""
    try:
        nodes = parse_yaml(name, content)
    except InvalidInputError as error:
        problems.extend(error.problems)
        return earlier
    if earlier is not None:
        problems.append(_problem(name, f"the mesh config is already in {earlier.origin.file}", "keep one of the two"))
    elif len(nodes) > 1:
        problems.append(_problem(name, "a mesh config is one document", "write one"))
    elif nodes and isinstance(nodes[0].value, dict) and nodes[0].value.keys() == {WRAPPED}:
        rule, remedy = "the file is the mesh config itself", "write what is inside without this key"
        problems.append(Problem(origin=nodes[0].origin, value=WRAPPED, rule=rule, remedy=remedy))
        return earlier
    return nodes[0] if nodes else Node(Origin(file=name, line=0), {})


def _nodes(name: str, content: bytes, problems: list[Problem]) -> list[Node]:
    try:
        nodes = parse_yaml(name, content)
    except InvalidInputError as error:
        problems.extend(error.problems)
        return []
    return [item for node in nodes for item in _items(node)]


def _too_large(node: Node) -> Problem:
    rule = f"an object has at most {MOST_CHARACTERS} bytes, as on Kubernetes"
    return Problem(origin=node.origin, value="the policy is too large", rule=rule, remedy="make several of it")


def _items(node: Node) -> list[Node]:
    """A `kind: List`, or the list of one kind that a cluster answers with, stands for its items."""
    if isinstance(node.value, dict) and "items" in node.value:
        kind, items = node.value.get("kind"), node.value["items"].value
        if kind is not None and kind.value in LISTS and isinstance(items, list):
            return items
    return [node]


def _twice(document: Document, other: Document) -> Problem:
    rule = f"the policy is already at {other.origin}"
    return Problem(
        origin=document.origin, value=str(document.policy), rule=rule, remedy="rename or remove one of the two"
    )


def _problem(file: str, rule: str, remedy: str) -> Problem:
    return Problem(origin=Origin(file=file, line=0), value="", rule=rule, remedy=remedy)
