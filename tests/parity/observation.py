"""What is seen of a call from outside, and how it differs from what a case expects."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.parity.case import Expectation

CALLER = re.compile(r"URI=spiffe://cluster\.local/ns/([^/;]+)/sa/([^,;]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One call. `request` is what the answering program saw, empty when none answered."""

    status: int = 0
    grpc: str = ""
    body: str = ""
    answered_by: str = ""
    request: Mapping[str, Any] = field(default_factory=dict)
    response: Mapping[str, str] = field(default_factory=dict)
    refused: bool = False
    took_ms: float = 0
    local_port: int = 0
    """From which a stream of bytes was opened; 0 for a request."""

    @property
    def seen(self) -> dict[str, str]:
        headers = dict(self.request.get("headers", {}))
        special = {f":{name}": self.request.get(name) for name in ("path", "method", "certificate", "turn")}
        return headers | {":authority": headers.get("host", "")} | {k: v for k, v in special.items() if v}

    @property
    def peer(self) -> str:
        found = CALLER.findall(self.seen.get("x-forwarded-client-cert", ""))
        return "/".join(found[-1]) if found else "nobody"


def differences(
    expected: Expectation, calls: Sequence[Observation], arrivals: Callable[[int], Counter[str]]
) -> Iterator[str]:
    """A line for each thing that is not as expected. `arrivals` waits for as many as it is given, not for ever."""
    for seen in calls:
        yield from _of_call(expected, seen)
    if expected.split is not None:
        yield from _of_split(expected.split, calls)
    for least_ms, (least, most) in (expected.late or {}).items():
        late = sum(seen.took_ms >= least_ms for seen in calls)
        if not least <= late <= most:
            yield f"{late} of {len(calls)} calls took {least_ms} ms, not {least} to {most}"
    if expected.instances is not None:
        least, most = expected.instances
        answering = {seen.answered_by for seen in calls}
        if not least <= len(answering) <= most:
            yield f"{len(answering)} instances answered, not {least} to {most}; {sorted(answering)}"
    if expected.arrived is not None:
        counted = arrivals(sum(one if isinstance(one, int) else one[0] for one in expected.arrived.values()))
        for prefix, count in expected.arrived.items():
            found = sum(number for instance, number in counted.items() if is_of(instance, prefix))
            least, most = (count, count) if isinstance(count, int) else count
            if not least <= found <= most:
                yield f"{found} requests arrived at {prefix}, not {count}; all: {dict(counted)}"


def _of_call(expected: Expectation, seen: Observation) -> Iterator[str]:
    plain = {"status": seen.status, "grpc": seen.grpc, "peer": seen.peer, "refused": seen.refused}
    for name, found in plain.items():
        wanted = getattr(expected, name)
        if wanted is not None and wanted != found:
            yield f"{name} is {found!r}, not {wanted!r}; {seen}"
    if expected.answered_by is not None and not is_of(seen.answered_by, expected.answered_by):
        yield f"answered by {seen.answered_by or 'nobody'}, not {expected.answered_by}; {seen}"
    if expected.body is not None and expected.body not in seen.body:
        yield f"the body is {seen.body!r}, without {expected.body!r}"
    yield from header_differences("the program saw", expected.seen or {}, seen.seen)
    yield from header_differences("the caller got", expected.response or {}, seen.response)
    if expected.at_least_ms is not None and seen.took_ms < expected.at_least_ms:
        yield f"took {seen.took_ms:.0f} ms, less than {expected.at_least_ms}"
    if expected.at_most_ms is not None and seen.took_ms > expected.at_most_ms:
        yield f"took {seen.took_ms:.0f} ms, more than {expected.at_most_ms}"


def line_differences(wanted: Sequence[str], found: Sequence[str]) -> Iterator[str]:
    """As `Expectation.logged` says lines are compared."""
    left = list(found)
    for pattern in wanted:
        line = next((one for one in left if re.fullmatch(pattern, one)), None)
        if line is None:
            yield f"no line is {pattern!r}; {found}"
        else:
            left.remove(line)
    yield from (f"a line nobody expects: {line!r}" for line in left)


def header_differences(who: str, wanted: Mapping[str, str | None], found: Mapping[str, str]) -> Iterator[str]:
    """As `Expectation` says headers are compared."""
    for name, value in wanted.items():
        has = found.get(name)
        if value is None or has is None:
            fine = has is value
        elif len(value) > 1 and value.startswith("/") and value.endswith("/"):
            fine = re.fullmatch(value[1:-1], has) is not None
        else:
            fine = has == value
        if not fine:
            yield f"{who} {name}: {has!r}, not {value!r}"


def _of_split(split: Mapping[str, Sequence[int]], calls: Sequence[Observation]) -> Iterator[str]:
    for prefix, (least, most) in split.items():
        found = sum(is_of(seen.answered_by, prefix) for seen in calls)
        if not least <= found <= most:
            by = dict(Counter(seen.answered_by for seen in calls))
            yield f"{prefix} answered {found} of {len(calls)}, not {least} to {most}; {by}"


def is_of(instance: str, prefix: str) -> bool:
    """Whether a case that names `prefix` means this instance."""
    return instance == prefix or instance.startswith(f"{prefix}-")
