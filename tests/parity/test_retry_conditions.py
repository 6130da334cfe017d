"""A call is tried again by the conditions that `mesh explain` tells, and by no others."""

from dataclasses import dataclass

import pytest

from tests.parity.case import Call, Expectation
from tests.parity.laboratory import Laboratory

RETRY_ON = (
    "5xx",
    "gateway-error",
    "retriable-4xx",
    "gateway-error,409",
    "connect-failure",
    "reset",
    "refused-stream",
    "unavailable,internal",
    "cancelled,deadline-exceeded,resource-exhausted",
)
POLICIES = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: all, namespace: lab}
spec:
  hosts: [server, greeter, nobody.example.com]
  http:
  - match: [{authority: {prefix: server}}]
    route: [{destination: {host: server}}]
    retries: &asked {attempts: 1, retryOn: "RETRY_ON"}
  - match: [{authority: {prefix: greeter}}]
    route: [{destination: {host: greeter}}]
    retries: *asked
  - route: [{destination: {host: nobody.example.com}}]
    retries: *asked
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: nobody, namespace: lab}
spec:
  hosts: [nobody.example.com]
  ports: [{number: 80, name: http, protocol: HTTP}]
  resolution: STATIC
  endpoints: [{address: 127.0.0.1, ports: {http: 9}}]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """`conditions` let such a call be tried again."""

    call: str
    fails_with: str = ""
    conditions: frozenset[str]


def http(status: str, *conditions: str) -> Failing:
    return Failing(call="GET http://server:8000/", fails_with=status, conditions=frozenset(conditions))


def grpc(status: str, *conditions: str) -> Failing:
    return Failing(call="GRPC greeter:7000/lab.Greeter/Hello", fails_with=status, conditions=frozenset(conditions))


FAILING = (
    http("503", "5xx", "gateway-error"),
    http("500", "5xx"),
    http("409", "retriable-4xx", "409"),
    http("404"),
    Failing(
        call="GET http://nobody.example.com:80/",
        conditions=frozenset({"connect-failure", "reset", "5xx", "gateway-error"}),
    ),
    grpc("UNAVAILABLE", "unavailable"),
    grpc("INTERNAL", "internal"),
    grpc("CANCELLED", "cancelled"),
    grpc("DEADLINE_EXCEEDED", "deadline-exceeded"),
    grpc("RESOURCE_EXHAUSTED", "resource-exhausted"),
    grpc("NOT_FOUND"),
)
"""Envoy docs, `x-envoy-retry-on` and `x-envoy-retry-grpc-on`; a connection nobody takes also counts as a reset."""


@pytest.mark.parametrize("retry_on", RETRY_ON)
def test_what_is_told_is_what_is_tried_again(laboratory: Laboratory, retry_on: str) -> None:
    laboratory.apply(POLICIES.replace("RETRY_ON", retry_on))
    for failing in FAILING:
        headers = {"x-lab-fail": failing.fails_with} if failing.fails_with else {}
        told, said = laboratory.watch(Call(call=failing.call, headers=headers, expect=Expectation()))
        assert told.outbound.matched
        retry = told.outbound.matched.retry
        callers = next(one for one in said if one.instance == told.caller)
        is_told = bool(failing.conditions & {*retry.conditions, *map(str, retry.status_codes)})
        assert callers.attempts == ("2" if is_told else "1"), (failing, retry)
