"""A running mesh is changed: a bad policy changes nothing, and a restart fails no call."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest

from tests.e2e.test_resilience import DEFAULT_ROUTES, NO_RETRIES
from tests.targets.local import LocalLab, running_lab

FOLDER = Path(__file__).parent / "scripted"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalLab]:
    with running_lab(tmp_path_factory.mktemp("scripted"), FOLDER) as lab:
        yield lab


def test_a_rejected_policy_changes_nothing(lab: LocalLab) -> None:
    path = lab.script.parent / "bad.yaml"
    path.write_text(DEFAULT_ROUTES.replace("host: backend}", "host: backnd}"))
    result = lab.mesh.run("apply", "-f", str(path))
    assert result.returncode == 1
    assert (
        "host backnd.scripted.svc.cluster.local: no service has this host; did you mean backend.scripted"
        in result.stderr
    )
    assert lab.call()[0] is grpc.StatusCode.OK


def test_a_restart_under_load_fails_no_call(lab: LocalLab) -> None:
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
