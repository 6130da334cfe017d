"""What proxies wrote about a call. Enters: log files and a trace. Leaves: a record for each proxy it went through."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

SUFFIX = ".envoy.log"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedCall:
    """`instance` is whose proxy wrote it; `details` are Envoy's own words for how the call ended."""

    instance: str
    inbound: bool
    authority: str
    method: str
    path: str
    status: int
    grpc_status: str
    flags: str
    details: str
    attempts: int
    route: str
    cluster: str
    caller: str


def logged_calls(folder: Path, trace: str) -> list[LoggedCall]:
    """Of all proxies' logs in a folder; a proxy with a log format of the user's own says nothing here."""
    files = sorted(folder.glob(f"*{SUFFIX}"))
    return [found for file in files for found in _calls(file.name.removesuffix(SUFFIX), _lines(file), trace)]


def _lines(file: Path) -> Iterator[str]:
    with file.open(errors="replace") as opened:
        yield from opened


def _calls(instance: str, lines: Iterable[str], trace: str) -> Iterator[LoggedCall]:
    for line in lines:
        if trace not in line or not line.startswith("{"):
            continue
        try:
            said = json.loads(line)
        except json.JSONDecodeError:
            continue
        if said.get("trace_id") == trace:
            yield _call(instance, said)


def _call(instance: str, said: dict[str, object]) -> LoggedCall:
    def text(key: str) -> str:
        return str(said.get(key, ""))

    def number(key: str) -> int:
        return int(text(key)) if text(key).isdecimal() else 0

    return LoggedCall(
        instance=instance,
        inbound=text("cluster").startswith("inbound|") or "caller" in said,
        authority=text("authority"),
        method=text("method"),
        path=text("path"),
        status=number("status"),
        grpc_status=text("grpc_status"),
        flags=text("flags"),
        details=text("details"),
        attempts=number("attempts"),
        route=text("route"),
        cluster=text("cluster"),
        caller=text("caller"),
    )
