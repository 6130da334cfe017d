"""Finds the differences of two configurations, part by part and field by field."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from loopmesh.model.topology import Workload
from loopmesh.oracle.comparison.declared import reason_for
from loopmesh.oracle.comparison.names_twice import names_twice
from loopmesh.oracle.comparison.parts import Configuration, Part, parts_of
from loopmesh.oracle.comparison.plain import Plain
from loopmesh.oracle.comparison.spelling import one_spelling, without_own_line
from loopmesh.oracle.comparison.words import in_mesh_words, policy_behind

OUTBOUND = ("outbound", "")
"""loopmesh's one listener stands beside each of Istio's."""
ABSENT = "nothing"
METADATA = ("metadata", "filter_metadata")
"""Compared by what is inside also where one side has none: a proxy heeds each of it by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """`field` is empty for a part only one of the two has; `policy` is the one behind it as far as that is known,
    `reason` is there where loopmesh declares the difference."""

    workload: str
    part: Part
    field: str
    own: str
    istio: str
    policy: str = ""
    reason: str = ""

    @property
    def text(self) -> str:
        """In mesh words, without the workload."""
        what = f"{in_mesh_words(self.part)}{f', {self.field}' if self.field else ''}"
        told = f"loopmesh has {self.own}, Istio {self.istio}"
        if not self.field:
            told = "only Istio has it" if self.own == ABSENT else "only loopmesh has it"
        return f"{what}{f' ({self.policy})' if self.policy else ''}: {told}"


def compare_proxies(
    workloads: Iterable[Workload], own: Mapping[str, Configuration], istio: Mapping[str, Configuration]
) -> Iterator[Difference]:
    """Declared ones too, with their reasons. What many proxies share is compared once."""
    known: dict[tuple[Part, int, int], tuple[Plain | None, Plain | None, list[Difference]]] = {}
    for workload in workloads:
        ours = parts_of(own[workload.name], workload)
        theirs = parts_of(istio[workload.name], workload)
        if (every_port := ours.pop(OUTBOUND, None)) is not None:
            ours |= {part: every_port for part in theirs if part[0] == OUTBOUND[0]}
        for part in sorted({*ours, *theirs}):
            one, other = ours.get(part), theirs.get(part)
            key = (part, id(one), id(other))
            if key not in known:
                known[key] = (one, other, list(compare_parts(part, one, other)))
            yield from (replace(found, workload=workload.name) for found in known[key][2])
        yield from _refused_names(workload, own[workload.name], istio[workload.name])


def _refused_names(workload: Workload, own: Configuration, istio: Configuration) -> Iterator[Difference]:
    by_both = set(names_twice(istio))
    for host, name in names_twice(own):
        if (host, name) not in by_both:
            yield Difference(
                workload=workload.name,
                part=("host", host),
                field="domains",
                own=f"{name} twice in its one set of routes, which proxies refuse",
                istio="it once for each port",
            )


def compare_parts(part: Part, own: Plain | None, istio: Plain | None) -> Iterator[Difference]:
    """Of a part both have, each field; else the part as a whole."""
    fields = [("", own, istio)]
    if own is not None and istio is not None:
        fields = list(_fields("", without_own_line(one_spelling(part, own)), one_spelling(part, istio)))
    for field, ours, theirs in fields:
        yield Difference(
            workload="",
            part=part,
            field=field,
            own=_said(ours),
            istio=_said(theirs),
            policy=policy_behind(own or istio),
            reason=reason_for(part, field, ours, theirs),
        )


def _fields(path: str, own: Any, istio: Any) -> Iterator[tuple[str, Any, Any]]:
    if own == istio:
        return
    if isinstance(own, dict) and isinstance(istio, dict):
        for key in [*own, *(key for key in istio if key not in own)]:
            absent: Plain | None = {} if key in METADATA else None
            yield from _fields(f"{path}.{key}" if path else key, own.get(key, absent), istio.get(key, absent))
    elif isinstance(own, list) and isinstance(istio, list) and len(own) == len(istio):
        for number, (ours, theirs) in enumerate(zip(own, istio, strict=True)):
            yield from _fields(f"{path}[{number}]", ours, theirs)
    else:
        yield path, own, istio


def _said(value: Any) -> str:
    return ABSENT if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)
