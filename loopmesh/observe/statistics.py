"""What proxies count, in one text as Prometheus reads it (Prometheus docs: exposition formats, text-based format).

Each sample gets labels that say whose it is, as a cluster's Prometheus adds them when it reads a pod.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

COMMENT = "# "


@dataclass(slots=True)
class _Family:
    """All samples of one name stand together, under its comments."""

    comments: list[str] = field(default_factory=list)
    samples: list[str] = field(default_factory=list)


def merged_statistics(texts: Iterable[tuple[Mapping[str, str], str]]) -> Iterator[str]:
    """Lines. Each text is of one proxy, with the labels its samples get; a comment of a family is said once."""
    families: dict[str, _Family] = {}
    for labels, text in texts:
        whose = ",".join(f'{name}="{value}"' for name, value in labels.items())
        current = ""
        for line in filter(None, text.splitlines()):
            if line.startswith(COMMENT):
                current = line.split(" ", 3)[2]
                comments = families.setdefault(current, _Family()).comments
                if line not in comments:
                    comments.append(line)
            else:
                families.setdefault(current or line, _Family()).samples.append(_labelled(line, whose))
    for family in families.values():
        yield from family.comments
        yield from family.samples


def _labelled(sample: str, whose: str) -> str:
    """`name{a="b"} 1` or `name 1`."""
    name, brace, rest = sample.partition("{")
    if brace:
        return f"{name}{{{whose}{',' if rest[0] != '}' else ''}{rest}"
    name, _, value = sample.partition(" ")
    return f"{name}{{{whose}}} {value}"
