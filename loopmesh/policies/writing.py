"""Policies as YAML that can be read, kept and applied again."""

from typing import Any

import yaml

from loopmesh.policies.document import Document


def policy_yaml(document: Document) -> str:
    """One YAML document that says the same wherever it is read: its namespace is written out."""
    return written(with_namespace(document))


def with_namespace(document: Document) -> dict[str, object]:
    """The document as plain values."""
    content: Any = document.whole.plain()
    return {**content, "metadata": {**content["metadata"], "namespace": document.namespace}}


def written(content: object) -> str:
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)


class _Dumper(yaml.SafeDumper):
    """Repeats what is there twice instead of pointing to it, for people read it."""

    def ignore_aliases(self, data: object) -> bool:
        return True
