"""YAML as a tree that knows its lines. Enters: bytes. Leaves: a node per document, or every problem of the text.

Bounds what a hostile file can cost: size, nesting and the number of values after aliases are followed. The tree is
built from the parser's events, because libyaml's own composer recurses in C and ends the process on a deeply nested
text.
"""

import contextlib
import math
from dataclasses import dataclass, field
from typing import Any

import yaml

from loopmesh.model.problem import InvalidInputError, Origin, Problem
from loopmesh.policies.plain_scalar import is_truth, read_plain

MAX_BYTES = 16 * 1024 * 1024
MAX_NODES = 2_000_000
MAX_DEPTH = 100
LONGEST_NUMBER = 64
STANDARD = "tag:yaml.org,2002:"
SCALARS = {
    f"{STANDARD}int": yaml.SafeLoader.construct_yaml_int,
    f"{STANDARD}float": yaml.SafeLoader.construct_yaml_float,
    f"{STANDARD}bool": yaml.SafeLoader.construct_yaml_bool,
    f"{STANDARD}null": yaml.SafeLoader.construct_yaml_null,
}
PLAIN_TAGS = (None, "!", f"{STANDARD}str", f"{STANDARD}map", f"{STANDARD}seq", *SCALARS)
Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Node:
    """`value` is a scalar, a list or a mapping; `lines` gives the line of each key of a mapping.

    `size` counts the values inside, `height` their nesting and `length` the characters of their text, aliases followed.
    """

    origin: Origin
    value: "Scalar | list[Node] | dict[str, Node]"
    lines: dict[str, int] = field(default_factory=dict)
    size: int = 1
    height: int = 1
    length: int = 0

    def plain(self) -> object:
        """The value without places."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


def parse_yaml(file: str, content: bytes) -> list[Node]:
    """The non-empty documents of a file. Raises InvalidInputError."""
    text = _decode(file, content)
    builder = _Builder(file, _remedy(text, "write the key as text"))
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        rule, remedy = str(error.problem), _remedy(text)
        if mark and text[mark.index : mark.index + 1] == "\t":
            rule, remedy = "a tab does not indent", "indent with spaces"
        raise _invalid(Origin(file=file, line=line), "YAML", rule, remedy) from None
    except yaml.YAMLError as error:
        said = str(error).splitlines()[0]
        raise _invalid(Origin(file=file, line=0), "YAML", said, _remedy(text)) from None
    if builder.problems:
        raise InvalidInputError(builder.problems)
    return [node for node in builder.documents if node.value is not None]


def _remedy(text: str, remedy: str = "mend the syntax") -> str:
    return f"{remedy}; if it is a Helm template, render it first: helm template …" if "{{" in text else remedy


def _decode(file: str, content: bytes) -> str:
    if len(content) > MAX_BYTES:
        rule = f"a file has at most {MAX_BYTES} bytes"
        raise _invalid(Origin(file=file, line=0), "the file is too large", rule, "split it")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        found = f"byte 0x{content[error.start]:02x}"
        raise _invalid(Origin(file=file, line=line), found, "YAML here is UTF-8", "save it as UTF-8") from None


class _Open:
    """A list, or with `values` a mapping, whose end is not read yet."""

    def __init__(self, origin: Origin, anchor: str | None, values: "dict[str, Node] | None") -> None:
        self.origin = origin
        self.anchor = anchor
        self.items: list[Node] = []
        self.values = values
        self.lines: dict[str, int] = {}
        self.key: str | None = None
        self.merges = False
        self.merged: dict[str, tuple[Node, int]] = {}
        self.awaits_value = False
        self.size = 1
        self.length = 0
        self.height = 1

    def close(self) -> Node:
        if self.values is None:
            return Node(self.origin, self.items, self.lines, self.size, self.height, self.length)
        taken = {key: found for key, found in self.merged.items() if key not in self.values}
        values = {key: node for key, (node, _) in taken.items()} | self.values
        lines = {key: line for key, (_, line) in taken.items()} | self.lines
        return Node(self.origin, values, lines, self.size, self.height, self.length)

    def merge(self, node: Node) -> bool:
        """Takes in the keys of a mapping, or of several, which do not outweigh those that are there (`<<: *name`);
        false when the node is none."""
        sources = node.value if isinstance(node.value, list) else [node]
        for source in sources:
            if not isinstance(source.value, dict):
                return False
            for key, child in source.value.items():
                self.merged.setdefault(key, (child, source.lines[key]))
        return True


class _Builder:
    def __init__(self, file: str, key_remedy: str) -> None:
        self.documents: list[Node] = []
        self.problems: list[Problem] = []
        self._file = file
        self._key_remedy = key_remedy
        self._open: list[_Open] = []
        self._anchors: dict[str, Node] = {}
        self._loader = yaml.SafeLoader("")
        self._resolve: Any = self._loader.resolve

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent | yaml.MappingStartEvent):
            self._start(event)
        elif isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
            closed = self._open.pop()
            self._place(closed.close(), closed.anchor)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._anchors = {}

    def _start(self, event: yaml.SequenceStartEvent | yaml.MappingStartEvent) -> None:
        origin = self._origin(event)
        self._check_tag(origin, event.tag)
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        self._open.append(_Open(origin, event.anchor, {} if is_mapping else None))
        self._bound(origin, 1, len(self._open))

    def _alias(self, event: yaml.AliasEvent) -> None:
        found = self._anchors.get(str(event.anchor))
        if found is None:
            self._problem(self._origin(event), f"*{event.anchor}", "no anchor before it has this name", "name one")
            found = Node(self._origin(event), None)
        self._place(found, None)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        origin = self._origin(event)
        if "\0" in event.value:
            self._problem(origin, "a text", "it has a NUL character", "remove it")
        if self._open and self._open[-1].values is not None and not self._open[-1].awaits_value:
            self._key(self._open[-1], origin, event)
            self._open[-1].merges = event.value == "<<" and event.implicit[0]
            return
        self._place(Node(origin, self._value(origin, event), length=len(event.value)), event.anchor)

    def _key(self, mapping: _Open, origin: Origin, event: yaml.ScalarEvent) -> None:
        key = str(event.value)
        if event.implicit[0] and is_truth(key):
            self._problem(origin, key, "Kubernetes reads the key as true or false", "put it in quotes")
        if key in mapping.lines:
            self._problem(origin, key, f"the key is already on line {mapping.lines[key]}", "remove one of the two")
        mapping.key, mapping.awaits_value = key, True
        mapping.lines[key] = origin.line
        mapping.length += len(key)

    def _place(self, node: Node, anchor: str | None) -> None:
        """Puts a complete value where it belongs."""
        if anchor is not None:
            self._anchors[anchor] = node
        if not self._open:
            self.documents.append(node)
            return
        around = self._open[-1]
        around.size += node.size
        around.length += node.length
        around.height = max(around.height, node.height + 1)
        self._bound(node.origin, around.size, len(self._open) + node.height)
        if around.values is None:
            around.items.append(node)
        elif not around.awaits_value:
            self._problem(node.origin, "a key", "keys are text", self._key_remedy)
            around.key, around.awaits_value = None, True
        else:
            around.awaits_value = False
            if around.merges:
                if not around.merge(node):
                    self._problem(node.origin, "<<", "what is merged here is a mapping, or several", "name a mapping")
            elif around.key is not None:
                around.values[around.key] = node

    def _value(self, origin: Origin, event: yaml.ScalarEvent) -> Scalar:
        self._check_tag(origin, event.tag)
        text = str(event.value)
        tag = event.tag
        if tag is None or tag == "!":
            tag = str(self._resolve(yaml.ScalarNode, text, event.implicit))
        construct = SCALARS.get(tag)
        # YAML 1.1 counts 10:30 in sixties; Kubernetes reads it as text, and so does everybody else.
        if construct is None or ":" in text:
            return read_plain(text) if event.implicit[0] else text
        if len(text) <= LONGEST_NUMBER:
            with contextlib.suppress(ValueError, KeyError, IndexError):
                value: Scalar = construct(self._loader, yaml.ScalarNode(tag, text))
                if not isinstance(value, float) or math.isfinite(value):
                    return value
                if "n" not in text.lower():
                    return text  # beyond a double
                rule = "JSON has no such number, and what Kubernetes takes is JSON, too"
                self._problem(origin, text, rule, "write a number, or put it in quotes")
                return None
        self._problem(origin, text[:40], f"it is no {tag.removeprefix(STANDARD)}", "mend the value")
        return None

    def _check_tag(self, origin: Origin, tag: str | None) -> None:
        if tag not in PLAIN_TAGS:
            self._problem(origin, str(tag), "YAML here is plain, without tags of its own", "remove the tag")

    def _bound(self, origin: Origin, size: int, depth: int) -> None:
        if size > MAX_NODES or depth > MAX_DEPTH:
            rule = f"a file has at most {MAX_NODES} values, nested {MAX_DEPTH} deep, aliases followed"
            raise _invalid(origin, "YAML", rule, "write it smaller")

    def _origin(self, event: yaml.Event) -> Origin:
        mark = event.start_mark
        return Origin(file=self._file, line=mark.line + 1 if mark else 0)

    def _problem(self, origin: Origin, value: str, rule: str, remedy: str) -> None:
        self.problems.append(Problem(origin=origin, value=value, rule=rule, remedy=remedy))


def _invalid(origin: Origin, value: str, rule: str, remedy: str) -> InvalidInputError:
    return InvalidInputError([Problem(origin=origin, value=value, rule=rule, remedy=remedy)])
