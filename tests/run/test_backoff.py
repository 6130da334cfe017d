"""The schedule of restarts, on a time of its own."""

import asyncio
import sys
from pathlib import Path

from loopmesh.run.backoff import Backoff
from loopmesh.run.kept_process import KeptProcess
from loopmesh.run.process import Launch
from loopmesh.run.tasks import Tasks
from tests.run.meshes import until


class ScriptedClock:
    """Each run of the process lasts as long as scripted; sleeps are noted and end at once."""

    def __init__(self, runs_s: list[float]) -> None:
        self.runs_s = runs_s
        self.slept_s: list[float] = []
        self._now_s = 0.0
        self._started = False

    def now_s(self) -> float:
        self._started = not self._started
        if not self._started:
            self._now_s += self.runs_s[len(self.slept_s)]
        return self._now_s

    async def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        if len(self.slept_s) == len(self.runs_s):
            await asyncio.Event().wait()


async def test_waits_double_up_to_a_limit_and_start_over_after_a_stable_run(tmp_path: Path) -> None:
    clock = ScriptedClock([0, 1, 9, 0, 0, 10, 0])
    tasks = Tasks()
    reasons: list[str] = []
    launch = Launch(
        argv=(sys.executable, "-I", "-S", "-c", "raise SystemExit(3)"),
        environment={},
        folder=tmp_path,
        log=tmp_path / "log",
    )
    backoff = Backoff(first_s=0.1, longest_s=1, stable_s=10)
    kept = KeptProcess(launch, backoff=backoff, clock=clock, tasks=tasks, on_exit=reasons.append)
    await until("all scripted runs", lambda: len(clock.slept_s) == len(clock.runs_s))
    assert clock.slept_s == [0.1, 0.2, 0.4, 0.8, 1, 0.1, 0.2]
    assert kept.restarts == 6
    assert set(reasons) == {f"exited with code 3 (log: {tmp_path / 'log'})"}
    await kept.stop(grace_s=1)
    await tasks.cancel()


def test_the_wait_stays_at_its_limit_however_often_it_fails() -> None:
    assert Backoff(first_s=0.1, longest_s=10).delay_s(10_000) == 10
