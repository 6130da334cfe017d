"""All policies of a mesh as documents, by name. Enters: files. Leaves: a set that `mesh apply` can merge into."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from loopmesh.model.policy import PolicyName
from loopmesh.model.problem import InvalidInputError, Origin, Problem
from loopmesh.policies.document import Document, read_document
from loopmesh.policies.yaml_tree import Node, parse_yaml

SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class PolicySet:
    """Documents in the order read; never changed."""

    documents: Mapping[PolicyName, Document] = field(default_factory=dict)

    @classmethod
    def parse(cls, files: Iterable[tuple[str, bytes]], default_namespace: str) -> "PolicySet":
        """Reads every document of every (name, content). Raises InvalidInputError with all problems of the files."""
        problems: list[Problem] = []
        documents: dict[PolicyName, Document] = {}
        for name, content in files:
            for node in _nodes(name, content, problems):
                document = read_document(node, default_namespace, problems)
                if document is None:
                    continue
                if document.policy in documents:
                    problems.append(_twice(document, documents[document.policy]))
                documents[document.policy] = document
        if problems:
            raise InvalidInputError(problems)
        return cls(documents)

    def merged(self, newer: "PolicySet") -> "PolicySet":
        """Policies of the same name are replaced where they stand, others are added at the end."""
        return PolicySet({**self.documents, **newer.documents})


def read_files(paths: Iterable[Path]) -> list[tuple[str, bytes]]:
    """Files, and every YAML file below folders in the order of their names. Raises InvalidInputError."""
    problems: list[Problem] = []
    files: list[tuple[str, bytes]] = []
    for path in paths:
        found = sorted(one for one in path.rglob("*") if one.suffix in SUFFIXES) if path.is_dir() else [path]
        for file in found:
            try:
                files.append((str(file), file.read_bytes()))
            except OSError as error:
                rule = f"it cannot be read: {error.strerror}"
                problems.append(_problem(str(file), rule, "name a file or folder that exists and may be read"))
        if path.is_dir() and not found:
            problems.append(_problem(str(path), "the folder holds no YAML file", "name a folder with *.yaml files"))
    if problems:
        raise InvalidInputError(problems)
    return files


def _nodes(name: str, content: bytes, problems: list[Problem]) -> list[Node]:
    try:
        nodes = parse_yaml(name, content)
    except InvalidInputError as error:
        problems.extend(error.problems)
        return []
    return [item for node in nodes for item in _items(node)]


def _items(node: Node) -> list[Node]:
    """A `kind: List` stands for its items."""
    if isinstance(node.value, dict) and "items" in node.value:
        kind, items = node.value.get("kind"), node.value["items"].value
        if kind is not None and kind.value == "List" and isinstance(items, list):
            return items
    return [node]


def _twice(document: Document, other: Document) -> Problem:
    rule = f"the policy is already at {other.origin}"
    return Problem(
        origin=document.origin, value=str(document.policy), rule=rule, remedy="rename or remove one of the two"
    )


def _problem(file: str, rule: str, remedy: str) -> Problem:
    return Problem(origin=Origin(file=file, line=0), value=file, rule=rule, remedy=remedy)
