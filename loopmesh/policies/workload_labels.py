"""Labels of what runs, which policies select by."""

import re
from collections.abc import Iterable, Mapping

from loopmesh.policies.fields import Fields

DOMAIN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
PART = "[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
NAME = re.compile(f"({DOMAIN}/)?{PART}")
VALUE = re.compile(f"({PART})?")
"""As Kubernetes takes them (labels and selectors, syntax and character set)."""


def read_labels(fields: Fields, own: Iterable[str]) -> Mapping[str, str]:
    """`labels`, without those that every instance has as its `own`."""
    for name in own:
        if name in fields.labels("labels"):
            fields.refuse("labels", f"every instance has its own `{name}`", f"remove `{name}`")
    return labels_at(fields, "labels")


def labels_at(fields: Fields, key: str) -> Mapping[str, str]:
    """Labels as something can have them."""
    labels = fields.labels(key)
    for name, value in labels.items():
        if not (NAME.fullmatch(name) and VALUE.fullmatch(value)):
            rule = f"`{name}: {value}` is no label: at most 63 letters, digits, `-`, `_` and `.`"
            fields.refuse(key, rule, "begin and end both with a letter or digit")
    return labels
