"""Reads a mapping field by field; what nobody asked for is refused at its place.

A reader is a function that takes `Fields` and asks for each field it knows. `Fields.read` calls it and then reports
every key left over, so a field cannot be forgotten.
"""

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum
from typing import TypeVar

from loopmesh.model.problem import Problem
from loopmesh.policies.document_part import DocumentPart, written
from loopmesh.policies.setting import write_setting
from loopmesh.policies.yaml_tree import Node, Scalar

Result = TypeVar("Result")
Choice = TypeVar("Choice", bound=StrEnum)
Check = Callable[[str], tuple[str, str] | None]
"""Says the rule a text breaks and the remedy, or None."""
DURATION = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(h|ms|m|s|us|µs|ns)")
NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")
UNIT_NS = {"h": 3_600_000_000_000, "m": 60_000_000_000, "s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "µs": 1_000}
NS_OF_MS = 1_000_000
LONGEST = "2562047h47m15.999s"
"""Envoy takes less than the last whole second 63 bits can count in nanoseconds (`DurationUtil`), Go a little more."""
LONGEST_NS = 9_223_372_035_999 * NS_OF_MS
NOTHING_UNSUPPORTED: Mapping[str, str] = {}


class Fields(DocumentPart):
    """A mapping whose fields are read as what they must be; None or nothing where one is absent or wrong."""

    @classmethod
    def read(cls, node: Node, path: str, problems: list[Problem], reader: "Callable[[Fields], Result]") -> Result:
        """Lets `reader` ask for what it knows, then refuses the rest."""
        fields = cls(node, path, problems)
        result = reader(fields)
        fields.refuse_rest()
        return result

    def text(self, key: str, *, required: bool = False, check: Check | None = None) -> str | None:
        """A text that passes the check; required ones are not empty."""
        found = self.node_at(key)
        if found is None:
            if required:
                self.refuse(None, f"`{key}` is required", f"add `{key}`")
            return None
        if not isinstance(found.value, str):
            self.refuse(key, "this is text", "write text, in quotes if it looks like a number")
            return None
        problem = ("it is empty", "write a value") if required and not found.value else None
        if problem := problem or (check(found.value) if check else None):
            self.refuse(key, *problem)
            return None
        return found.value

    def integer(self, key: str, *, least: int, most: int) -> int | None:
        value = self.number_at(key)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            self.refuse(key, f"this is a whole number from {least} to {most}", _number_remedy(value))
            return None
        return value

    def number(self, key: str, *, least: float, most: float) -> float | None:
        """A number that need not be whole."""
        value = self.number_at(key)
        if value is None:
            return None
        if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value <= most:
            self.refuse(key, f"this is a number from {least:g} to {most:g}", _number_remedy(value))
            return None
        return float(value)

    def boolean(self, key: str) -> bool | None:
        found = self.node_at(key)
        if found is not None and not isinstance(found.value, bool):
            self.refuse(key, "this is true or false", "write true or false")
            return None
        return found.value if found is not None and isinstance(found.value, bool) else None

    def choice(
        self, key: str, choices: type[Choice], *, unsupported: Mapping[str, str] = NOTHING_UNSUPPORTED
    ) -> Choice | None:
        """`unsupported` are values Istio has and loopmesh has not, each with the reason."""
        value = self.text(key)
        if value is None:
            return None
        known = [choice for choice in choices if choice not in unsupported]
        if value in known:
            return choices(value)
        if value in unsupported:
            rule = f"loopmesh does not support this value of Istio: {unsupported[value]}"
            self.refuse(key, rule, f"use {_one_of(known)}")
        else:
            self.refuse(key, f"this is {_one_of(known)}", "write one of them")
        return None

    def duration_ms(self, key: str, *, may_be_zero: bool = False) -> int | None:
        """A Go duration such as `1.5s` or `250ms`, at least 1 ms, in whole ones (Istio `ValidateDuration`). Go drops
        what is less than a nanosecond."""
        found = self.node_at(key)
        if found is None:
            return None
        value = written(found.value)
        parts = DURATION.findall(value)
        if not parts or "".join(number + unit for number, unit in parts) != value:
            self.refuse(key, "this is a duration", "write a number with h, m, s or ms, such as 250ms")
            return None
        total_ns = sum((Decimal(number) * UNIT_NS.get(unit, 1)).to_integral_value(ROUND_DOWN) for number, unit in parts)
        least_ms = 0 if may_be_zero else 1
        rule = f"a duration is whole milliseconds, from {least_ms}ms to {LONGEST}"
        if total_ns > LONGEST_NS:
            self.refuse(key, rule, f"write at most {LONGEST}")
        elif total_ns < least_ms * NS_OF_MS:
            self.refuse(key, rule, f"write at least {least_ms}ms")
        elif total_ns % NS_OF_MS:
            self.refuse(key, rule, "write whole milliseconds")
        else:
            return int(total_ns / NS_OF_MS)
        return None

    def object(self, key: str, reader: "Callable[[Fields], Result]") -> Result | None:
        found = self.node_at(key)
        if found is None:
            return None
        return self.read(found, f"{self.path}.{key}".lstrip("."), self.problems, reader)

    def objects(self, key: str, reader: "Callable[[Fields], Result]") -> tuple[Result, ...]:
        """Each item of a list of mappings."""
        path = f"{self.path}.{key}".lstrip(".")
        results = []
        for number, item in enumerate(self._list(key)):
            if item.value is None:
                # Read as a mapping without fields it could mean everything, as a rule that allows all.
                self.refuse(key, f"item {number} is empty", "write the item, or remove it", at=item)
            else:
                results.append(self.read(item, f"{path}[{number}]", self.problems, reader))
        return tuple(results)

    def named_objects(self, key: str, reader: "Callable[[str, Fields], Result]") -> dict[str, Result]:
        """Each value of a mapping of mappings, by its key."""
        found = self.node_at(key)
        if found is None:
            return {}
        if not isinstance(found.value, dict):
            self.refuse(key, "this is a mapping of names", "write `name: …` pairs")
            return {}
        path = f"{self.path}.{key}".lstrip(".")
        results = {}
        for name, child in found.value.items():
            results[name] = self.read(child, f"{path}.{name}", self.problems, functools.partial(reader, name))
        return results

    def numbers(self, key: str, *, least: int, most: int) -> dict[str, int]:
        """A mapping of whole numbers by names."""
        found = self.node_at(key)
        if found is None:
            return {}
        if not isinstance(found.value, dict):
            self.refuse(key, "this is a mapping of numbers", "write `name: number` pairs")
            return {}
        inside = type(self)(found, f"{self.path}.{key}".lstrip("."), self.problems)
        numbers = {name: inside.integer(name, least=least, most=most) for name in found.value}
        return {name: number for name, number in numbers.items() if number is not None}

    def texts(self, key: str, check: Check | None = None) -> tuple[str, ...]:
        """A list of non-empty texts, each of which passes the check."""
        values = []
        for item in self._list(key):
            if not isinstance(item.value, str) or not item.value:
                rule, remedy = "this is a list of texts", "write texts, in quotes if they look like numbers"
                self.refuse(key, rule, remedy, at=item)
                continue
            if found := check(item.value) if check else None:
                self.refuse(key, *found, at=item)
            values.append(item.value)
        return tuple(values)

    def integers(self, key: str, *, least: int, most: int) -> tuple[int, ...]:
        """A list of whole numbers."""
        values = []
        for item in self._list(key):
            if isinstance(item.value, int) and not isinstance(item.value, bool) and least <= item.value <= most:
                values.append(item.value)
            else:
                self.refuse(
                    key, f"this is a list of whole numbers from {least} to {most}", "write such numbers", at=item
                )
        return tuple(values)

    def labels(self, key: str) -> Mapping[str, str]:
        """A mapping of texts."""
        return self._pairs(key, "text", lambda value: value if isinstance(value, str) else None)

    def settings(self, key: str) -> Mapping[str, str]:
        """A mapping of texts where numbers and booleans may stand without quotes, as in a chart's environment."""
        return self._pairs(key, "text, or a number that Helm keeps as it is written", _setting)

    def _pairs(self, key: str, what: str, text_of: Callable[[Scalar], str | None]) -> Mapping[str, str]:
        found = self.node_at(key)
        if found is None:
            return {}
        if not isinstance(found.value, dict):
            self.refuse(key, "this is a mapping of texts", "write `name: value` pairs")
            return {}
        pairs = {}
        for name, child in found.value.items():
            text = None if isinstance(child.value, dict | list) else text_of(child.value)
            if text is None:
                self.refuse(key, f"`{name}` is {what}", "put the value in quotes", at=child)
            else:
                pairs[name] = text
        return pairs

    def number_at(self, key: str) -> Scalar | list[Node] | dict[str, Node]:
        """What stands where a number should."""
        found = self.node_at(key)
        return None if found is None else found.value

    def _list(self, key: str) -> list[Node]:
        found = self.node_at(key)
        if found is None:
            return []
        if not isinstance(found.value, list):
            self.refuse(key, "this is a list", "write `- …` items")
            return []
        return found.value


def _number_remedy(value: object) -> str:
    return "remove the quotes" if isinstance(value, str) and NUMBER.fullmatch(value) else "write such a number"


def _one_of(values: Iterable[str]) -> str:
    return "one of " + ", ".join(map(str, values))


def _setting(value: Scalar) -> str | None:
    return value if value is None or isinstance(value, str) else write_setting(value)
