"""Policies as YAML that can be read, kept and applied again."""

import math
from collections.abc import Iterable
from typing import Any

import yaml

from loopmesh.policies.document import Document


def with_namespace(document: Document) -> dict[str, object]:
    """The document as plain values that say the same wherever they are read: its namespace is written out."""
    content: Any = document.whole.plain()
    return {**content, "metadata": {**content["metadata"], "namespace": document.namespace}}


def written_documents(contents: Iterable[object]) -> str:
    """One YAML text."""
    return "---\n".join(map(_written, contents))


def in_one_line(value: object) -> str:
    """A value as it stands behind a key."""
    text = yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, width=math.inf, allow_unicode=True, default_flow_style=True
    )
    return text.removesuffix("...\n").rstrip("\n")


def _written(content: object) -> str:
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)


class _Dumper(yaml.SafeDumper):
    """Repeats what is there twice instead of pointing to it, for people read it."""

    def ignore_aliases(self, data: object) -> bool:
        return True
