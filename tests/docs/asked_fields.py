"""Which fields the readers of policies ask for, noted while they read.

Paths are written as in docs/policies: `http[].match[].headers.*.exact`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from loopmesh.policies.fields import Fields

INDEX = re.compile(r"\[\d+\]")
SPEC = "spec."


class AskedFields:
    """`known` are all paths asked for, `refused` the fields and values that were named as not supported, `choices` the
    values taken of fields with a fixed list of them."""

    def __init__(self) -> None:
        self.known: set[str] = set()
        self.refused: dict[str, str] = {}
        self.choices: dict[str, set[str]] = {}
        self._names: dict[str, str] = {}

    def path(self, fields: Fields, key: str) -> str:
        """Names a user chose are told as `*`, places in lists as `[]`."""
        path = f"{fields.path}.{key}".lstrip(".")
        for named in sorted(self._names, key=len, reverse=True):
            if path == named or path.startswith(f"{named}."):
                path = self._names[named] + path[len(named) :]
        return INDEX.sub("[]", path).removeprefix(SPEC)

    @property
    def supported(self) -> set[str]:
        return self.known - set(self.refused)

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Notes what is read meanwhile."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Fields, "refuse_rest", self._after(Fields.refuse_rest))
            patch.setattr(Fields, "unsupported", self._unsupported(Fields.unsupported))
            patch.setattr(Fields, "choice", self._choice(Fields.choice))
            patch.setattr(Fields, "named_objects", self._named(Fields.named_objects))
            yield

    def _after(self, original: Callable[[Fields], None]) -> Callable[[Fields], None]:
        def refuse_rest(fields: Fields) -> None:
            self.known.update(self.path(fields, key) for key in fields._asked)
            original(fields)

        return refuse_rest

    def _unsupported(self, original: Callable[..., None]) -> Callable[..., None]:
        def unsupported(fields: Fields, reasons: Mapping[str, str]) -> None:
            self.refused.update({self.path(fields, key): reason for key, reason in reasons.items()})
            original(fields, reasons)

        return unsupported

    def _choice(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def choice(fields: Fields, key: str, choices: Any, *, unsupported: Mapping[str, str] | None = None) -> Any:
            values = unsupported or {}
            self.choices[self.path(fields, key)] = {str(one) for one in choices if one not in values}
            self.refused.update({f"{self.path(fields, key)}: {value}": why for value, why in values.items()})
            return original(fields, key, choices, unsupported=values)

        return choice

    def _named(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def named_objects(fields: Fields, key: str, reader: Any) -> Any:
            path = f"{fields.path}.{key}".lstrip(".")
            found = fields.node_at(key)
            for name in found.value if found is not None and isinstance(found.value, dict) else ():
                self._names[f"{path}.{name}"] = f"{path}.*"
            return original(fields, key, reader)

        return named_objects
