"""Which method of gRPC takes a request of REST, by the templates of google.api.http rules.

The order of preference is that of grpc-httpjson-transcoding (`PathMatcherNode::LookupPath`), which Envoy uses.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from google.api.http_pb2 import HttpRule

from loopmesh.simulate.path import template_pattern

ANY_VERB = "*"
SEGMENT = "*"
SEGMENTS = "**"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """`method` is its full name, as in `shop.catalog.v1.CatalogService/GetProduct`; `input_type` its request's."""

    method: str
    input_type: str
    verb: str
    template: str

    @property
    def rule(self) -> str:
        return f"{self.verb} {self.template}"


@dataclass(slots=True)
class _Node:
    """One more segment; `bindings` by verb and custom verb."""

    children: dict[str, "_Node"] = field(default_factory=dict)
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    repeats: bool = False

    def at_end(self, verb: str) -> list[Binding]:
        return self.bindings.get(verb) or self.bindings.get(ANY_VERB, [])

    def find(self, verb: str, parts: Sequence[str]) -> list[Binding]:
        """A literal segment before `*` before `**`; after `**` only literals follow."""
        for number, part in enumerate(parts):
            rest = parts[number + 1 :]
            if found := self._below(part, verb, rest):
                return found
            if not self.repeats:
                return self._below(SEGMENT, verb, rest) or self._below(SEGMENTS, verb, rest)
        return self.at_end(verb) or self._below(SEGMENTS, verb, ())

    def _below(self, key: str, verb: str, rest: Sequence[str]) -> list[Binding]:
        return self.children[key].find(verb, rest) if key in self.children else []


class MethodTable:
    def __init__(self, bindings: Sequence[Binding], *, takes_every_custom_verb: bool) -> None:
        self._root = _Node()
        self._custom_verbs: set[str] = set()
        self._takes_every_custom_verb = takes_every_custom_verb
        for binding in bindings:
            self._add(binding)

    def find(self, verb: str, path: str) -> Binding | None:
        """`path` has no query. None where no rule fits, or the one that fits best stands there twice."""
        path, custom = self._split(path)
        parts = path[1:].rstrip("/").split("/") if path[1:].rstrip("/") else []
        found = self._root.find(verb + custom, parts)
        return found[0] if len(found) == 1 else None

    def _add(self, binding: Binding) -> None:
        segments, custom = _template_parts(binding.template)
        node = self._root
        for segment in segments:
            node = node.children.setdefault(segment, _Node(repeats=segment == SEGMENTS))
        node.bindings.setdefault(binding.verb + custom, []).append(binding)
        self._custom_verbs.update([custom] if custom else [])

    def _split(self, path: str) -> tuple[str, str]:
        """A colon that no rule has before this word belongs to the last segment."""
        before, colon, custom = path.rpartition(":")
        is_custom = colon and "/" not in custom and (self._takes_every_custom_verb or custom in self._custom_verbs)
        return (before, custom) if is_custom else (path, "")


def _template_parts(template: str) -> tuple[list[str], str]:
    """The segments without the names of their variables, and the custom verb."""
    segments = template_pattern(template)[1:].split("/")
    segments[-1], _, custom = segments[-1].partition(":")
    return ([] if segments == [""] else segments), custom


def bindings_of(rule: HttpRule, method: str, input_type: str) -> Iterator[Binding]:
    """The rule's own, and those beside it."""
    kind = rule.WhichOneof("pattern")
    if kind is not None:
        verb = rule.custom.kind if kind == "custom" else kind.upper()
        template = rule.custom.path if kind == "custom" else getattr(rule, kind)
        yield Binding(method=method, input_type=input_type, verb=verb, template=template)
    for other in rule.additional_bindings:
        yield from bindings_of(other, method, input_type)
