"""What proxies refused, in words: the policy behind it with its place, Envoy's own words once, and whose proxies."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from loopmesh.admin.v1 import admin_pb2
from loopmesh.model.printable import printable

OF_LISTENERS = "Error adding/updating listener(s) "
"""Begins what Envoy says of all listeners together; a line for each follows."""
DEBUG = re.compile(r"goo\.gle/debug\w+ +")
"""Stands before a message that protobuf prints, another word in each process."""


class Said(Protocol):
    """What a proxy said of resources, as the control plane has it or as it is told."""

    @property
    def message(self) -> str: ...

    @property
    def resources(self) -> Sequence[str]: ...


def refusal_lines(rejections: Iterable[admin_pb2.Rejection]) -> Iterator[str]:
    """Of each policy, or of those that are to blame together: a line, then one for each proxy and what it refuses."""
    found: dict[tuple[str, str], list[str]] = {}
    for rejection in rejections:
        what = f"{rejection.workload}: {rejection.resource_type} {', '.join(rejection.resources)}".strip()
        found.setdefault((_blamed(rejection), said(rejection)), []).append(what)
    for (blamed, words), refused in found.items():
        yield f"{blamed}proxies refuse what comes of it: {words}" if blamed else f"proxies refuse: {words}"
        yield from (f"    {one}" for one in dict.fromkeys(refused))


def _blamed(rejection: admin_pb2.Rejection) -> str:
    if not rejection.places:
        return "".join(f"{policy}: " for policy in rejection.policies)
    pairs = zip(rejection.places, rejection.policies, strict=True)
    return " and ".join(f"{place}: {policy}" if place else policy for place, policy in pairs) + ": "


def said(rejection: Said) -> str:
    """In one line, and without the names of what is refused, so that the same said of two listeners is the same."""
    found = []
    for line in rejection.message.splitlines():
        words = DEBUG.sub("", line.strip().removeprefix(OF_LISTENERS))
        for resource in rejection.resources:
            words = words.removeprefix(f"{resource}: ")
        found.append(printable(words))
    return " ".join(dict.fromkeys(filter(None, found)))
