"""A call is tried again by the conditions that `mesh explain` tells, and by no others."""

import pytest

from tests.parity.case import Call, Expectation
from tests.parity.laboratory import Laboratory

RETRY_ON = ("5xx", "gateway-error", "retriable-4xx", "gateway-error,409", "connect-failure")
COVERED_BY = {
    "503": {"5xx", "gateway-error"},
    "500": {"5xx"},
    "409": {"retriable-4xx", "409"},
    "404": set[str](),
}
"""By the status a try failed with, the conditions that let it be tried again (Envoy docs, `x-envoy-retry-on`)."""
POLICY = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: server, namespace: lab}
spec:
  hosts: [server]
  http:
  - route: [{destination: {host: server}}]
    retries: {attempts: 1, retryOn: "RETRY_ON"}
"""


@pytest.mark.parametrize("retry_on", RETRY_ON)
def test_what_is_told_is_what_is_tried_again(laboratory: Laboratory, retry_on: str) -> None:
    laboratory.apply(POLICY.replace("RETRY_ON", retry_on))
    for status, conditions in COVERED_BY.items():
        call = Call(call="GET http://server:8000/", headers={"x-lab-fail": status}, expect=Expectation())
        told, said = laboratory.watch(call)
        assert told.outbound.matched
        assert told.outbound.matched.retry
        retry = told.outbound.matched.retry
        callers = next(one for one in said if one.instance == told.caller)
        is_told = bool(conditions & {*retry.conditions, *map(str, retry.status_codes)})
        assert callers.attempts == ("2" if is_told else "1"), (status, retry)
