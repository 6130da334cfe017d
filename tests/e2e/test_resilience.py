"""Retries, breakers and ejection, counted at a service that fails as it is told."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import grpc
import pytest

from tests.observing import wait_for
from tests.targets.target import Lab, Outcome

pytestmark = pytest.mark.both_targets


@pytest.fixture
def lab(lab_anywhere: Lab) -> Iterator[Lab]:
    """Each test begins with no script, no counts and Istio's defaults."""
    lab_anywhere.forget()
    lab_anywhere.apply(ROUTES.format(policy="{}"), RULE.format(policy="{loadBalancer: {simple: UNSPECIFIED}}"))
    yield lab_anywhere
    # Whoever was ejected is back before the next test.
    lab_anywhere.forget()


ROUTES = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: backend, namespace: scripted}}
spec:
  hosts: [backend]
  http:
  - route: [{{destination: {{host: backend}}}}]
    retries: {policy}
"""
DEFAULT_ROUTES = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: backend, namespace: scripted}
spec:
  hosts: [backend]
  http:
  - route: [{destination: {host: backend}}]
"""
RULE = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: backend, namespace: scripted}}
spec:
  host: backend
  trafficPolicy: {policy}
"""
NO_RETRIES = ROUTES.format(policy="{attempts: 0}")


def test_by_default_a_call_is_tried_three_times_as_under_istio(lab: Lab) -> None:
    lab.apply(DEFAULT_ROUTES)
    lab.say(code="UNAVAILABLE")
    assert lab.call()[0] is grpc.StatusCode.UNAVAILABLE
    assert lab.arrived().total() == 3


def test_a_backend_that_succeeds_on_its_fourth_call_needs_three_retries(lab: Lab) -> None:
    lab.scale(1)
    try:
        lab.apply(ROUTES.format(policy="{attempts: 2, retryOn: unavailable}"))
        lab.say(code="UNAVAILABLE", times=3)
        assert lab.call()[0] is grpc.StatusCode.UNAVAILABLE
        assert lab.arrived().total() == 3

        lab.forget()
        lab.apply(ROUTES.format(policy="{attempts: 3, retryOn: unavailable}"))
        lab.say(code="UNAVAILABLE", times=3)
        assert lab.call()[0] is grpc.StatusCode.OK
        assert lab.arrived().total() == 4
    finally:
        lab.scale(2)


def test_what_the_policy_does_not_name_is_not_tried_again(lab: Lab) -> None:
    lab.apply(ROUTES.format(policy="{attempts: 3, retryOn: unavailable}"))
    lab.say(code="INTERNAL")
    assert lab.call()[0] is grpc.StatusCode.INTERNAL
    assert lab.arrived().total() == 1


def test_a_retry_goes_to_another_instance(lab: Lab) -> None:
    lab.apply(DEFAULT_ROUTES)
    lab.say("backend-v1-0", code="UNAVAILABLE")
    assert lab.call_often(20) == [(grpc.StatusCode.OK, "")] * 20
    arrived = lab.arrived()
    assert arrived["backend-v1-1"] == 20
    assert arrived["backend-v1-0"] > 0


def test_zero_attempts_switch_retries_off(lab: Lab) -> None:
    lab.apply(NO_RETRIES)
    lab.say(code="UNAVAILABLE")
    assert lab.call()[0] is grpc.StatusCode.UNAVAILABLE
    assert lab.arrived().total() == 1


def test_a_route_timeout_ends_a_call_that_hangs(lab: Lab) -> None:
    lab.apply(DEFAULT_ROUTES.rstrip() + "\n    timeout: 300ms\n    retries: {attempts: 0}\n")
    lab.say(hang_s=30)
    code, _ = lab.call(timeout_s=20)
    assert code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
    assert lab.arrived().total() == 1


def test_a_hung_backend_trips_the_breaker_and_recovers(lab: Lab) -> None:
    pool = "{connectionPool: {http: {http2MaxRequests: 2}}, outlierDetection: {consecutive5xxErrors: 0}}"
    lab.apply(NO_RETRIES, RULE.format(policy=pool))
    lab.say(hang_s=60)
    with ThreadPoolExecutor(8) as callers:
        hung: list[Future[Outcome]] = [callers.submit(lab.call, 8) for _ in range(2)]
        wait_for("both slots taken", lambda: lab.arrived().total() == 2)
        refused = lab.call()
        assert refused == (grpc.StatusCode.UNAVAILABLE, refused[1])
        assert "overflow" in refused[1]
        assert lab.arrived().total() == 2, "the refused call never reached the backend"
        # The caller's own timer ends a call, or its proxy's, which has the same time.
        ended = {call.result()[0] for call in hung}
        assert ended <= {grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE}
    lab.say(hang_s=0)
    assert lab.call()[0] is grpc.StatusCode.OK


def test_an_instance_that_errs_is_ejected_and_returns(lab: Lab) -> None:
    outlier = (
        "{outlierDetection: {consecutive5xxErrors: 3, interval: 100ms, baseEjectionTime: 3s, maxEjectionPercent: 50}}"
    )
    lab.apply(NO_RETRIES, RULE.format(policy=outlier))
    lab.say("backend-v1-0", code="UNAVAILABLE")
    # As many as a busy cluster makes before the ejection ends.
    ok = [(grpc.StatusCode.OK, "")] * 30
    wait_for("thirty calls in a row without it", lambda: lab.call_often(30) == ok, timeout_s=60)
    lab.say("backend-v1-0")
    before = lab.arrived()["backend-v1-0"]
    wait_for(
        "it takes calls again",
        lambda: lab.call()[0] is grpc.StatusCode.OK and lab.arrived()["backend-v1-0"] > before,
        timeout_s=60,
    )
