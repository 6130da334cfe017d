"""A parity case as data: policies, calls, and what must be seen from outside. See `CONTRIBUTING.md`, "Parity cases".

Enters: a YAML file. Leaves: a Case, or an error that names what is unknown in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

FOLDER = Path(__file__).with_name("cases")
OUTSIDE_PORT = "OUTSIDE_PORT"
OUTSIDE_TLS_PORT = "OUTSIDE_TLS_PORT"
LAB_FOLDER = "LAB_FOLDER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What the spans that proxies sent must show; only those of whole requests, not of single attempts, count."""

    spans: dict[str, int | list[int]] = field(default_factory=dict)
    """How many the proxies of each instance sent of all calls, or at least and at most; 0 for none."""
    tags: dict[str, dict[str, str | None]] = field(default_factory=dict)
    """By instance, tags of every such span, compared like headers. `:kind` and `:failed` stand for what is no tag."""
    id: str | None = None
    """Of the trace they all belong to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What one call, or `times` of them, must show; None is not looked at.

    Instances are named by a prefix: `server`, `server-v1`, `server-v1-0`. A header's value is compared as a whole, or
    by a regular expression between slashes; null means that there is no such header. `:path`, `:method` and
    `:authority` stand for what is no header, `:turn` for the request's number on its connection to the program.
    """

    status: int | None = None
    """Of HTTP."""
    grpc: str | None = None
    """The name of gRPC's status."""
    answered_by: str | None = None
    split: dict[str, list[int]] | None = None
    """How many of the calls each answers, at least and at most."""
    instances: list[int] | None = None
    """How many different ones answer, at least and at most."""
    arrived: dict[str, int | list[int]] | None = None
    """How many requests of all calls came to each, or at least and at most, retries and mirrored copies included."""
    seen: dict[str, str | None] | None = None
    """Headers of the request as the answering program saw them."""
    response: dict[str, str | None] | None = None
    body: str | None = None
    """A part of the response's body, or of gRPC's message."""
    peer: str | None = None
    """Who the answering sidecar says has called, such as `lab/client`; `nobody` without mutual TLS."""
    at_least_ms: int | None = None
    at_most_ms: int | None = None
    late: dict[int, list[int]] | None = None
    """How many of the calls take at least so many milliseconds, at least and at most."""
    refused: bool | None = None
    """Whether the connection ended without any answer."""
    logged: list[str] | None = None
    """Patterns of the lines proxies write to `LAB_FOLDER/lines` because of the calls, in any order, and no others."""
    trace: Trace | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """`call` is `GET http://server:8000/path`, `GET https://shop.example.com/path` at the edge or with the program's
    own TLS, `GRPC greeter:7000/lab.Greeter/Hello`, `TCP echo:9000`, or `TLS secure:9443/server-name`."""

    call: str
    sender: str = "client"
    """A service of the laboratory, or `edge/NAME` for the gateway's server of this name."""
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    certificate: str = ""
    """Whose certificate the caller shows: `friend.example.org`, a `stranger`'s, whom no authority knows, or
    `spiffe:client`, which the mesh itself has given to `client`."""
    times: int = 1
    together: bool = False
    """All at the same time instead of one after the other."""
    draw: int = 0
    """Below 10,000: what the call's request id gives the sampling to compare with; 0 is in any share."""
    expect: Expectation

    @property
    def own_server_name(self) -> str:
        """The one the caller's program asks for in TLS of its own; empty where it speaks none."""
        kind, _, target = self.call.partition(" ")
        if kind == "TLS":
            return target.partition("/")[2]
        parts = urlsplit(target)
        return (parts.hostname or "") if parts.scheme == "https" and not self.sender.startswith("edge/") else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """In policies, mesh config and calls `OUTSIDE_PORT` and `OUTSIDE_TLS_PORT` are where servers listen that the mesh
    does not know, at 127.0.0.1; the second asks for certificates and takes calls without. `LAB_FOLDER` is a folder."""

    name: str
    about: str
    covers: tuple[str, ...]
    """Fields the calls prove, as `VirtualService.http.match.headers.*.exact`; `test_coverage.py` holds them to it."""
    policies: str
    mesh_config: str
    calls: tuple[Call, ...]

    def placed(self, places: Mapping[str, str]) -> "Case":
        """With words replaced by what they stand for."""
        return replace(
            self,
            policies=_placed(self.policies, places),
            mesh_config=_placed(self.mesh_config, places),
            calls=tuple(replace(call, call=_placed(call.call, places)) for call in self.calls),
        )


def read_case(path: Path) -> Case:
    """Raises ValueError for a key the format does not have."""
    said = yaml.safe_load(path.read_text())
    unknown = set(said) - {"about", "covers", "policies", "mesh_config", "calls"}
    if unknown:
        raise ValueError(f"{path}: unknown {', '.join(sorted(unknown))}")
    return Case(
        name=str(path.relative_to(FOLDER).with_suffix("")),
        about=said["about"],
        covers=tuple(said["covers"]),
        policies=said["policies"],
        mesh_config=said.get("mesh_config", ""),
        calls=tuple(_call(path, one) for one in said["calls"]),
    )


def all_cases() -> list[Case]:
    return [read_case(path) for path in sorted(FOLDER.rglob("*.yaml"))]


def _call(path: Path, said: dict[str, Any]) -> Call:
    given = {("sender" if key == "from" else key): value for key, value in said.items()}
    expected = _check(path, Expectation, given.pop("expect"))
    if "trace" in expected:
        expected["trace"] = Trace(**_check(path, Trace, expected["trace"]))
    return Call(**_check(path, Call, given), expect=Expectation(**expected))


def _placed(text: str, places: Mapping[str, str]) -> str:
    for word, value in places.items():
        text = text.replace(word, value)
    return text


def _check(path: Path, kind: type, given: dict[str, Any]) -> dict[str, Any]:
    unknown = set(given) - {one.name for one in fields(kind)}
    if unknown or not given:
        raise ValueError(f"{path}: {kind.__name__}: unknown or nothing: {', '.join(sorted(unknown))}")
    return given
