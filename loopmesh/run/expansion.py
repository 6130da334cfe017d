"""`$(NAME)` in the values of variables and in commands, as Kubernetes expands it in a container's.

Source of the rule: the Kubernetes API's `EnvVar.value` and `Container.command`.
"""

import re
from collections.abc import Mapping

REFERENCE = re.compile(r"\$\$|\$\(([^)]*)\)")


def expand(text: str, known: Mapping[str, str]) -> str:
    """`$(NAME)` becomes the variable's value, or stays as it is when there is none; `$$` becomes `$`."""

    def value(found: re.Match[str]) -> str:
        name: str | None = found.group(1)
        return "$" if name is None else known.get(name, found.group())

    return REFERENCE.sub(value, text)


def expand_variables(values: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    """Each value may name what is known already and variables before it in the order of their names, which is the
    order the chart writes them in."""
    expanded: dict[str, str] = {}
    for name in sorted(values):
        expanded[name] = expand(values[name], {**known, **expanded})
    return expanded
