"""Changes a list inside a YAML file and nothing else of it, so that comments stay and a diff shows the change only."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

Place = Sequence[str | int]
"""Keys and numbers that lead into an object."""


def replace_list(text: str, kind: str, name: str, place: Place, items: Sequence[Mapping[str, Any]]) -> str:
    """`place` is that of the list. Raises LookupError where there is none."""
    node = _at(_object(text, kind, name), place)
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        raise LookupError(f"{kind} {name} has no list at {'.'.join(map(str, place))}")
    start, end = node.start_mark, max(_ends(node))
    if node.flow_style:
        written = f"[{', '.join('{' + ', '.join(_fields(item)) + '}' for item in items)}]"
    else:
        between = f"\n{' ' * start.column}"
        written = between.join("- " + f"{between}  ".join(_fields(item)) for item in items)
    return text[: start.index] + written + text[end:]


def _object(text: str, kind: str, name: str) -> yaml.Node:
    for document in yaml.compose_all(text, yaml.SafeLoader):
        if _at(document, ["kind"]).value == kind and _at(document, ["metadata", "name"]).value == name:
            return document
    raise LookupError(f"there is no {kind} {name}")


def _at(node: yaml.Node, place: Place) -> yaml.Node:
    for step in place:
        if isinstance(step, int):
            node = node.value[step]
        else:
            (node,) = [value for key, value in node.value if key.value == step]
    return node


def _ends(node: yaml.Node) -> Iterator[int]:
    """Of a block the parser names the start of what follows it; its last value has the end."""
    if not isinstance(node, yaml.CollectionNode) or node.flow_style:
        yield node.end_mark.index
        return
    for one in node.value:
        for child in one if isinstance(one, tuple) else (one,):
            yield from _ends(child)


def _fields(item: Mapping[str, Any]) -> list[str]:
    """`key: value` of each, the values in one line."""
    flow = (yaml.safe_dump({key: value}, default_flow_style=True, width=10_000) for key, value in item.items())
    return [one.strip().removeprefix("{").removesuffix("}") for one in flow]
