"""Retries, breakers and ejection, counted at a service that fails as it is told."""

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest

from loopmesh.cli.client import find_workload, get_status
from loopmesh.testing.mesh_process import MeshProcess
from tests.observing import wait_for

FOLDER = Path(__file__).parent / "scripted"
METHOD = "/lab.scripted.v1.ScriptedService/Do"
Outcome = tuple[grpc.StatusCode, str]


@dataclass(slots=True)
class Lab:
    """The scripted mesh, and the channel of `caller` through its proxy."""

    mesh: MeshProcess
    script: Path
    channel: grpc.Channel

    def say(self, instance: str = "all", **script: object) -> None:
        (self.script / f".{instance}").write_text(json.dumps(script))
        (self.script / f".{instance}").replace(self.script / f"{instance}.json")

    def forget(self) -> None:
        for path in self.script.glob("*"):
            path.unlink()

    def arrived(self) -> Counter[str]:
        """Calls that reached each instance."""
        return Counter({path.stem: len(path.read_text().splitlines()) for path in self.script.glob("*.calls")})

    def call(self, timeout_s: float = 10) -> Outcome:
        try:
            _, call = self.channel.unary_unary(METHOD, bytes, bytes).with_call(b"", timeout=timeout_s)
        except grpc.RpcError as error:
            return error.code(), error.details() or ""
        return call.code(), ""

    def apply(self, *documents: str) -> None:
        path = self.script.parent / "policy.yaml"
        path.write_text("\n---\n".join(documents))
        self.mesh.command("apply", "-f", str(path))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("scripted")
    script = folder / "script"
    script.mkdir()
    mesh = MeshProcess(
        state=folder / "state",
        folder=FOLDER,
        up_arguments=("--values", "values.yaml", "--policies", "policies"),
        environment={"SCRIPT": str(script)},
    )
    mesh.up()
    socket = find_workload(get_status(mesh.state), "caller").outbound_socket
    with grpc.insecure_channel(f"unix:{socket}", [("grpc.default_authority", "backend:7000")]) as channel:
        yield Lab(mesh, script, channel)
    mesh.down()


@pytest.fixture
def lab(running: Lab) -> Iterator[Lab]:
    """Each test begins with no script, no counts and Istio's defaults."""
    running.forget()
    running.apply(ROUTES.format(policy="{}"), RULE.format(policy="{loadBalancer: {simple: UNSPECIFIED}}"))
    yield running
    # Whoever was ejected is back before the next test.
    running.forget()


ROUTES = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: backend, namespace: lab}}
spec:
  hosts: [backend]
  http:
  - route: [{{destination: {{host: backend}}}}]
    retries: {policy}
"""
DEFAULT_ROUTES = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: backend, namespace: lab}
spec:
  hosts: [backend]
  http:
  - route: [{destination: {host: backend}}]
"""
RULE = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: backend, namespace: lab}}
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
    lab.mesh.command("scale", "backend=1")
    try:
        lab.apply(ROUTES.format(policy="{attempts: 2, retryOn: unavailable}"))
        lab.say(code="UNAVAILABLE", times=3, run="two retries")
        assert lab.call()[0] is grpc.StatusCode.UNAVAILABLE
        assert lab.arrived().total() == 3

        lab.forget()
        lab.apply(ROUTES.format(policy="{attempts: 3, retryOn: unavailable}"))
        lab.say(code="UNAVAILABLE", times=3, run="three retries")
        assert lab.call()[0] is grpc.StatusCode.OK
        assert lab.arrived().total() == 4
    finally:
        lab.mesh.command("scale", "backend=2")


def test_what_the_policy_does_not_name_is_not_tried_again(lab: Lab) -> None:
    lab.apply(ROUTES.format(policy="{attempts: 3, retryOn: unavailable}"))
    lab.say(code="INTERNAL")
    assert lab.call()[0] is grpc.StatusCode.INTERNAL
    assert lab.arrived().total() == 1


def test_a_retry_goes_to_another_instance(lab: Lab) -> None:
    lab.apply(DEFAULT_ROUTES)
    lab.say("backend-v1-0", code="UNAVAILABLE")
    outcomes = [lab.call()[0] for _ in range(20)]
    assert outcomes == [grpc.StatusCode.OK] * 20
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
        assert {call.result()[0] for call in hung} == {grpc.StatusCode.DEADLINE_EXCEEDED}
    lab.say(hang_s=0)
    assert lab.call()[0] is grpc.StatusCode.OK


def test_an_instance_that_errs_is_ejected_and_returns(lab: Lab) -> None:
    outlier = (
        "{outlierDetection: {consecutive5xxErrors: 3, interval: 100ms, baseEjectionTime: 1s, maxEjectionPercent: 50}}"
    )
    lab.apply(NO_RETRIES, RULE.format(policy=outlier))
    lab.say("backend-v1-0", code="UNAVAILABLE")
    wait_for(
        "a hundred calls in a row without it", lambda: all(lab.call()[0] is grpc.StatusCode.OK for _ in range(100))
    )
    lab.say("backend-v1-0")
    before = lab.arrived()["backend-v1-0"]
    wait_for(
        "it takes calls again", lambda: lab.call()[0] is grpc.StatusCode.OK and lab.arrived()["backend-v1-0"] > before
    )


def test_a_rejected_policy_changes_nothing(lab: Lab) -> None:
    path = lab.script.parent / "bad.yaml"
    path.write_text(DEFAULT_ROUTES.replace("host: backend}", "host: backnd}"))
    result = lab.mesh.run("apply", "-f", str(path))
    assert result.returncode == 1
    assert "host backnd.lab.svc.cluster.local: no service has this host; did you mean backend.lab" in result.stderr
    assert lab.call()[0] is grpc.StatusCode.OK


def test_a_restart_under_load_fails_no_call(lab: Lab) -> None:
    lab.apply(NO_RETRIES)
    stopped = False
    with ThreadPoolExecutor(4) as callers:

        def call_until_stopped() -> Counter[grpc.StatusCode]:
            outcomes: Counter[grpc.StatusCode] = Counter()
            while not stopped:
                outcomes[lab.call()[0]] += 1
            return outcomes

        load = [callers.submit(call_until_stopped) for _ in range(4)]
        before = {workload["pid"] for workload in lab.mesh.status()["workloads"] if workload["service"] == "backend"}
        lab.mesh.command("restart", "backend")
        after = {workload["pid"] for workload in lab.mesh.status()["workloads"] if workload["service"] == "backend"}
        stopped = True
        outcomes = sum((one.result() for one in load), Counter())
    assert before.isdisjoint(after)
    assert len(after) == 2
    assert set(outcomes) == {grpc.StatusCode.OK}
