"""One mapping of a document: what it holds, what was asked of it, and what is refused in it."""

import difflib
from collections.abc import Mapping

from loopmesh.model.number_words import numbered
from loopmesh.model.problem import Origin, Problem, Severity
from loopmesh.policies.analysis import Message
from loopmesh.policies.yaml_tree import Node

LONGEST_SHOWN = 200
MOST_UNKNOWN = 100
MOST_PROBLEMS = 20_000
"""Nobody mends more at once; the rest shows when these are mended."""


class DocumentPart:
    """One mapping at `path` (`spec.http[0]`); problems of all mappings go to one list."""

    def __init__(self, node: Node, path: str, problems: list[Problem]) -> None:
        self.node = node
        self.path = path
        self.problems = problems
        self._asked: set[str] = set()
        self._values: dict[str, Node] = {}
        self._is_mapping = True
        if isinstance(node.value, dict):
            self._values = node.value
        elif node.value is not None:
            self.refuse(None, "this is a mapping", "write `key: value` pairs")
        # What is no mapping at all has no fields that could be missed.
        self._is_mapping = isinstance(node.value, dict) or node.value is None

    @property
    def origin(self) -> Origin:
        return self.node.origin

    def place(self, key: str) -> Origin:
        """Where the key stands."""
        return Origin(file=self.origin.file, line=self.node.lines.get(key, self.origin.line))

    def has(self, key: str) -> bool:
        """Null counts as absent."""
        return self.node_at(key) is not None

    def is_empty(self, key: str) -> bool:
        """The key holds a list or a mapping without anything in it."""
        found = self.node_at(key)
        return found is not None and found.value in ([], {})

    def refuse(self, key: str | None, rule: str, remedy: str, *, at: Node | None = None) -> None:
        """Notes a problem with a key's value, with the mapping itself, or with the part `at` of the value."""
        self._note(key, rule, remedy, at, Severity.ERROR)

    def warn(self, key: str, message: Message | None, rule: str, remedy: str) -> None:
        """Notes something of a key's value without refusing it; `message` is what Istio's analysis says, if it does."""
        severity = message.severity if message else Severity.WARNING
        self._note(key, rule, remedy, None, severity, code=str(message or ""))

    def _note(
        self, key: str | None, rule: str, remedy: str, at: Node | None, severity: Severity, *, code: str = ""
    ) -> None:
        if not self._is_mapping or len(self.problems) >= MOST_PROBLEMS:
            return
        found = at or (self._values.get(key) if key else None)
        where = f"{self.path}.{key}".lstrip(".") if key else self.path or "document"
        value = where
        if found is not None and not isinstance(found.value, dict | list):
            value = f"{where}: {written(found.value)[:LONGEST_SHOWN]}"
        origin = at.origin if at else self.place(key) if key else self.origin
        problem = Problem(origin=origin, value=value, rule=rule, remedy=remedy, severity=severity, code=code)
        self.problems.append(problem)

    def ignore(self, *keys: str) -> None:
        """Accepts keys that mean nothing here."""
        self._asked.update(keys)

    def ignore_rest(self) -> None:
        """Whatever else there is belongs to something that is refused as a whole."""
        self._asked.update(self._values)

    def unsupported(self, reasons: Mapping[str, str]) -> None:
        """Fields Istio has and loopmesh has not, each with the reason; those that are there are refused."""
        for key, reason in reasons.items():
            if self.has(key):
                self.refuse(key, f"loopmesh does not support this field of Istio: {reason}", "remove it")

    def node_at(self, key: str) -> Node | None:
        """The raw node of a key; null counts as absent."""
        self._asked.add(key)
        found = self._values.get(key)
        return None if found is None or found.value is None else found

    def refuse_rest(self) -> None:
        """Every key nobody asked for."""
        unknown = [key for key in self._values if key not in self._asked]
        for key in unknown[:MOST_UNKNOWN]:
            close = difflib.get_close_matches(key, self._asked, n=1, cutoff=0.75)
            remedy = f"did you mean `{close[0]}`?" if close else f"remove it; known here: {_known(self._asked)}"
            self.refuse(key, "loopmesh does not support this field", remedy)
        if len(unknown) > MOST_UNKNOWN:
            more = numbered(len(unknown) - MOST_UNKNOWN, "more field")
            self.refuse(None, f"{more} that loopmesh does not support", "remove what is not known")


def written(value: object) -> str:
    """As YAML spells it."""
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _known(keys: set[str]) -> str:
    return ", ".join(sorted(keys)) or "nothing"
