"""Policies changed where they stand in a text: values that differ are written anew, all else, comments too, stays.

Enters: a text of YAML that can be read, and policies as plain values. Leaves: the text with them. What cannot be
written in place, as a value that two policies share by an anchor, comes out as something else: the caller reads it
again.
"""

from collections.abc import Container, Iterable, Iterator
from typing import Any, NamedTuple

import yaml

from loopmesh.model.policy import PolicyName
from loopmesh.policies.edits.service_routes import Content
from loopmesh.policies.writing import in_one_line, written_documents

METADATA, NAMESPACE = "metadata", "namespace"


class _Piece(NamedTuple):
    """What stands in the text from `start` to `end` is to be `text`."""

    start: int
    end: int
    text: str


def rewrite(text: str, contents: Iterable[Content], default_namespace: str, removed: Container[PolicyName] = ()) -> str:
    """The text with these policies: those it holds are changed where they stand, others follow at its end."""
    standing = _standing(text, default_namespace)
    pieces = [_whole(text, node) for name, (node, _) in standing.items() if name in removed]
    added: list[Content] = []
    for content in contents:
        if (name := _name(content, default_namespace)) in standing:
            node, before = standing[name]
            pieces += _pieces(text, node, before, _as_named(content, before))
        else:
            added.append(content)
    for piece in sorted(pieces, reverse=True):
        text = text[: piece.start] + piece.text + text[piece.end :]
    if not added:
        return text
    return (f"{text.rstrip()}\n---\n" if standing else text) + written_documents(added)


def keep_only(text: str, names: Container[PolicyName], default_namespace: str) -> str:
    """The text with blank lines instead of all other policies; those that remain keep their lines."""
    others = [node for name, (node, _) in _standing(text, default_namespace).items() if name not in names]
    for node in sorted(others, key=lambda one: one.start_mark.index, reverse=True):
        start, end = node.start_mark.index, max(_ends(node))
        text = text[:start] + "\n" * text.count("\n", start, end) + text[end:]
    return text


def _whole(text: str, node: yaml.Node) -> _Piece:
    """A policy with the separator before it."""
    start, end = node.start_mark.index, _line_end(text, max(_ends(node)))
    before = text[:start].removesuffix("---\n")
    return _Piece(len(before), min(end + 1, len(text)), "")


def _standing(text: str, default_namespace: str) -> dict[PolicyName, tuple[yaml.Node, Content]]:
    """Each policy of the text by its name: its place in it, and what it says."""
    nodes = [node for node in yaml.compose_all(text, yaml.SafeLoader) if isinstance(node, yaml.MappingNode)]
    contents = [yaml.SafeLoader("").construct_document(node) for node in nodes]
    pairs = zip(nodes, contents, strict=True)
    return {_name(content, default_namespace): (node, content) for node, content in pairs if _is_policy(content)}


def _is_policy(content: Content) -> bool:
    """What is none is a list of them, which is not looked into, or a mesh config."""
    return "kind" in content and "name" in (content.get(METADATA) or {})


def _name(content: Content, default_namespace: str) -> PolicyName:
    metadata = content[METADATA]
    namespace = metadata.get(NAMESPACE) or default_namespace
    return PolicyName(kind=content["kind"], namespace=namespace, name=metadata["name"])


def _as_named(content: Content, before: Content) -> Content:
    """Without a namespace where the text does without."""
    metadata = {key: value for key, value in content[METADATA].items() if key in before[METADATA]}
    return {**content, METADATA: metadata}


def _pieces(text: str, node: yaml.Node, before: Any, after: Any) -> Iterator[_Piece]:
    """What differs, as deep inside as it does."""
    if before == after:
        return
    if isinstance(node, yaml.MappingNode) and isinstance(after, dict) and before.keys() & after.keys():
        yield from _in_mapping(text, node, before, after)
    elif isinstance(node, yaml.SequenceNode) and isinstance(after, list) and len(before) == len(after):
        for child, old, new in zip(node.value, before, after, strict=True):
            yield from _pieces(text, child, old, new)
    else:
        yield _Piece(node.start_mark.index, max(_ends(node)), _written(node, after))


def _in_mapping(text: str, node: yaml.MappingNode, before: Content, after: Content) -> Iterator[_Piece]:
    if node.flow_style and before.keys() != after.keys():
        yield _Piece(node.start_mark.index, node.end_mark.index, in_one_line(after))
        return
    for number, (key, value) in enumerate(node.value):
        if key.value in after:
            yield from _pieces(text, value, before.get(key.value), after[key.value])
        else:
            yield _without(text, node, number)
    if added := {key: value for key, value in after.items() if key not in before}:
        end, indent = _line_end(text, max(_ends(node))), " " * node.start_mark.column
        lines = [f"{indent}{key}: {in_one_line(value)}" for key, value in added.items()]
        yield _Piece(end, end, "".join(f"\n{line}" for line in lines))


def _without(text: str, node: yaml.MappingNode, number: int) -> _Piece:
    """Takes the lines of a key away; the first of a list's item shares its line with the dash."""
    key, value = node.value[number]
    line_start = text.rfind("\n", 0, key.start_mark.index) + 1
    if text[line_start : key.start_mark.index].strip() and number + 1 < len(node.value):
        return _Piece(key.start_mark.index, node.value[number + 1][0].start_mark.index, "")
    return _Piece(max(line_start - 1, 0), _line_end(text, max(_ends(value))), "")


def _line_end(text: str, index: int) -> int:
    """Of the line something ends in; the end of a text of several lines is after its line break."""
    if index and text[index - 1] == "\n":
        return index - 1
    found = text.find("\n", index)
    return len(text) if found < 0 else found


def _written(node: yaml.Node, after: Any) -> str:
    """A list of objects in lines of its own where it was so, anything else in one line."""
    if not isinstance(node, yaml.SequenceNode) or node.flow_style or not all(isinstance(one, dict) for one in after):
        return in_one_line(after)
    line = f"\n{' ' * node.start_mark.column}"
    return line.join(
        "- " + f"{line}  ".join(f"{key}: {in_one_line(value)}" for key, value in item.items()) for item in after
    )


def _ends(node: yaml.Node) -> Iterator[int]:
    """Of a block the parser names the start of what follows it; its last value has the end."""
    if not isinstance(node, yaml.CollectionNode) or node.flow_style or not node.value:
        yield node.end_mark.index
        return
    for one in node.value:
        for child in one if isinstance(one, tuple) else (one,):
            yield from _ends(child)
