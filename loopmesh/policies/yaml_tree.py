"""YAML as a tree that knows its lines. Enters: bytes. Leaves: a node per document, or every problem of the text.

Bounds what a hostile file can cost: size, nesting and the number of nodes after aliases are followed.
"""

from dataclasses import dataclass, field

import yaml

from loopmesh.model.problem import InvalidInputError, Origin, Problem

MAX_BYTES = 16 * 1024 * 1024
MAX_NODES = 2_000_000
MAX_DEPTH = 100
SCALARS = {
    "tag:yaml.org,2002:int": yaml.SafeLoader.construct_yaml_int,
    "tag:yaml.org,2002:float": yaml.SafeLoader.construct_yaml_float,
    "tag:yaml.org,2002:bool": yaml.SafeLoader.construct_yaml_bool,
    "tag:yaml.org,2002:null": yaml.SafeLoader.construct_yaml_null,
}
Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Node:
    """`value` is a scalar, a list or a mapping; `lines` gives the line of each key of a mapping."""

    origin: Origin
    value: "Scalar | list[Node] | dict[str, Node]"
    lines: dict[str, int] = field(default_factory=dict)

    def plain(self) -> object:
        """The value without places."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


def parse_yaml(file: str, content: bytes) -> list[Node]:
    """The non-empty documents of a file. Raises InvalidInputError."""
    whole = Origin(file=file, line=0)
    if len(content) > MAX_BYTES:
        raise _invalid(whole, f"{len(content)} bytes", f"a file may have {MAX_BYTES} bytes", "split the file")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        found = f"byte 0x{content[error.start]:02x}"
        raise _invalid(Origin(file=file, line=line), found, "YAML here is UTF-8", "save it as UTF-8") from None
    try:
        documents = list(yaml.compose_all(text, Loader=yaml.CSafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        raise _invalid(Origin(file=file, line=line), "YAML", str(error.problem), "mend the syntax") from None
    except (yaml.YAMLError, RecursionError) as error:
        said = "nested too deep" if isinstance(error, RecursionError) else str(error).splitlines()[0]
        raise _invalid(whole, "YAML", said, "mend the syntax") from None
    tree = _Tree(file)
    nodes = [tree.node(document, 0) for document in documents if document is not None]
    if tree.problems:
        raise InvalidInputError(tree.problems)
    return [node for node in nodes if node.value is not None]


class _Tree:
    def __init__(self, file: str) -> None:
        self.problems: list[Problem] = []
        self._file = file
        self._count = 0

    def node(self, found: yaml.Node, depth: int) -> Node:
        origin = Origin(file=self._file, line=found.start_mark.line + 1)
        self._count += 1
        if self._count > MAX_NODES or depth > MAX_DEPTH:
            rule = f"a file may have {MAX_NODES} values nested {MAX_DEPTH} deep, aliases followed"
            raise _invalid(origin, "YAML", rule, "write it out smaller")
        if isinstance(found, yaml.SequenceNode):
            return Node(origin, [self.node(item, depth + 1) for item in found.value])
        if isinstance(found, yaml.MappingNode):
            return self._mapping(origin, found, depth)
        return Node(origin, self._scalar(origin, found))

    def _mapping(self, origin: Origin, found: yaml.MappingNode, depth: int) -> Node:
        values: dict[str, Node] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in found.value:
            place = Origin(file=self._file, line=key_node.start_mark.line + 1)
            if not isinstance(key_node, yaml.ScalarNode):
                self._problem(place, "a key", "keys are text", "write the key as text")
                continue
            key = str(key_node.value)
            if key in values:
                self._problem(place, key, f"the key is already on line {lines[key]}", "remove one of the two")
            values[key] = self.node(value_node, depth + 1)
            lines[key] = place.line
        return Node(origin, values, lines)

    def _scalar(self, origin: Origin, found: yaml.Node) -> Scalar:
        construct = SCALARS.get(found.tag)
        if construct is None or not isinstance(found, yaml.ScalarNode):
            return str(found.value)
        try:
            value: Scalar = construct(yaml.SafeLoader(""), found)
        except ValueError:
            self._problem(origin, str(found.value), f"it is no {found.tag.rpartition(':')[2]}", "mend the value")
            return None
        return value

    def _problem(self, origin: Origin, value: str, rule: str, remedy: str) -> None:
        self.problems.append(Problem(origin=origin, value=value, rule=rule, remedy=remedy))


def _invalid(origin: Origin, value: str, rule: str, remedy: str) -> InvalidInputError:
    return InvalidInputError([Problem(origin=origin, value=value, rule=rule, remedy=remedy)])
