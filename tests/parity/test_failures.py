"""`mesh explain --trace` on every kind of failure: who ended the call, why, by which policy, on both control planes."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml

from tests.observing import last_seen
from tests.parity.case import Call, Expectation
from tests.parity.laboratory import Laboratory
from tests.parity.observation import Observation
from tests.tokens import Issuer

FAILURES = yaml.safe_load(Path(__file__).with_name("failures.yaml").read_text())
PATIENCE_S = 5
ISSUER = Issuer("https://issuer.example")
KEYS = "ISSUER_KEYS"
TOKENS = {"EXPIRED": ISSUER.token(valid_s=-3600), "FOR_OTHERS": ISSUER.token(aud="others")}
"""Words of `failures.yaml` and what they stand for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """`says` is told of the call on both control planes; `here`, what only loopmesh's proxies say."""

    call: Call
    says: list[str]
    here: list[str]
    policies: str
    mesh_config: str


def failing(said: dict[str, Any]) -> Failing:
    call = Call(
        call=said["call"],
        sender=said.get("from", "client"),
        headers={name: _placed(value) for name, value in said.get("headers", {}).items()},
        body=said.get("body", ""),
        times=said.get("times", 1),
        expect=Expectation(status=0),
    )
    return Failing(
        call=call,
        says=said["says"],
        here=said.get("here", []),
        policies=said.get("policies", "").replace(KEYS, json.dumps(ISSUER.key_set)),
        mesh_config=said.get("mesh_config", ""),
    )


def _placed(value: str) -> str:
    kind, _, word = value.partition(" ")
    return f"{kind} {TOKENS[word]}" if word in TOKENS else value


def has_failed(seen: Observation) -> bool:
    return seen.status >= HTTPStatus.BAD_REQUEST or seen.grpc not in ("", "OK")


def traces_of_failed_calls(laboratory: Laboratory, call: Call) -> list[str]:
    """Made at the same time as often as it says; its callers have traces of their own already."""
    traces = [uuid4().hex for _ in range(call.times)]
    calls = [replace(call, headers={**call.headers, "traceparent": f"00-{trace}-{trace[:16]}-01"}) for trace in traces]
    with ThreadPoolExecutor(call.times) as pool:
        made = dict(zip(traces, pool.map(laboratory.make, calls), strict=True))
    return [trace for trace, seen in made.items() if has_failed(seen)]


@pytest.mark.parametrize("name", FAILURES)
def test_the_cause_and_the_policy_of_a_failure_are_told(
    laboratory: Laboratory, name: str, request: pytest.FixtureRequest
) -> None:
    failure = failing(FAILURES[name])
    laboratory.apply(failure.policies, failure.mesh_config)
    traces = traces_of_failed_calls(laboratory, failure.call)
    is_own = laboratory is request.getfixturevalue("loopmesh_laboratory")
    expected = [*failure.says, *failure.here] if is_own else failure.says

    def is_said(told: list[str]) -> bool:
        return any(all(words in one for words in expected) for one in told)

    told = last_seen(lambda: list(map(laboratory.told_of, traces)), is_said, PATIENCE_S, every_s=0.1)
    if not is_said(told):
        pytest.fail("\n".join(["none of these says so:", *told, "expected:", *expected]), pytrace=False)
