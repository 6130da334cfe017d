"""How one instance judges the answers to its probes, and what it tells its callers' proxies."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from loopmesh.model.topology import place_gateway
from loopmesh.run.clock import SystemClock
from loopmesh.run.instance import Instance
from loopmesh.run.plan import InstancePlan
from loopmesh.run.process import Launch
from loopmesh.run.readiness import READY, Answer, Probe
from loopmesh.run.runtime_folder import WorkloadFolder
from loopmesh.run.tasks import Tasks
from tests.run.meshes import QUICK, gateway, until

SILENT = Probe(answer=Answer.SILENT, reason="no answer")
REFUSED = Probe(answer=Answer.REFUSED, reason="not serving")
HURRIED = replace(QUICK, probe_when_ready_s=0.01)


class Lab:
    """An instance whose probes are answered and whose news are taken by the test; its proxy just sleeps."""

    def __init__(self, folder: Path) -> None:
        self.questions: asyncio.Queue[asyncio.Future[Probe]] = asyncio.Queue()
        self.told: list[bool] = []
        self.listening = asyncio.Event()
        self.listening.set()
        self.tasks = Tasks()
        launch = Launch(
            argv=("sleep", "1000"), environment={"PATH": "/usr/bin:/bin"}, folder=folder, log=folder / "log"
        )
        plan = InstancePlan(
            workload=place_gateway(gateway(), 0), sockets=WorkloadFolder(folder / "edge-0"), proxy=launch, program=None
        )
        self.instance = Instance(
            plan,
            prober=self.probe,
            publish=self.publish,
            timing=HURRIED,
            clock=SystemClock(),
            tasks=self.tasks,
            changed=lambda: None,
        )

    async def probe(self, timeout_s: float) -> Probe:
        question: asyncio.Future[Probe] = asyncio.get_running_loop().create_future()
        self.questions.put_nowait(question)
        return await question

    async def publish(self, ready: bool) -> None:
        await self.listening.wait()
        self.told.append(ready)

    async def answer(self, *probes: Probe) -> None:
        """Returns when the answers have been judged, which the next question shows."""
        for probe in probes:
            (await self.questions.get()).set_result(probe)
        self.questions.put_nowait(await self.questions.get())


@pytest.fixture
async def subject(tmp_path: Path) -> AsyncIterator[Lab]:
    subject = Lab(tmp_path)
    yield subject
    await subject.instance.stop_proxy()
    await subject.tasks.cancel()


async def test_two_silent_probes_are_forgiven_and_the_third_is_not(subject: Lab) -> None:
    await subject.answer(READY, SILENT, SILENT)
    assert subject.instance.ready
    await subject.answer(READY, SILENT, SILENT)
    assert subject.instance.ready
    await subject.answer(SILENT)
    assert not subject.instance.ready
    assert subject.instance.status.reason == "no answer"


async def test_a_program_that_says_it_does_not_serve_is_believed_at_once(subject: Lab) -> None:
    await subject.answer(READY, REFUSED)
    assert not subject.instance.ready
    assert subject.instance.status.reason == "not serving"


async def test_an_answer_from_before_a_crash_does_not_make_it_ready(subject: Lab) -> None:
    question = await subject.questions.get()
    await until("running", lambda: subject.instance.status.proxy_pid)
    os.kill(subject.instance.status.proxy_pid, signal.SIGKILL)
    await until("restarted", lambda: subject.instance.status.restarts)
    question.set_result(READY)
    await subject.answer()
    assert not subject.instance.ready
    assert subject.told == []


async def test_withdrawing_waits_until_callers_know(subject: Lab) -> None:
    await subject.answer(READY)
    await until("told", lambda: subject.told == [True])
    subject.listening.clear()
    withdrawing = asyncio.create_task(subject.instance.withdraw())
    await until("not ready", lambda: not subject.instance.ready)
    assert not withdrawing.done()
    subject.listening.set()
    await withdrawing
    assert subject.told == [True, False]


async def test_withdrawing_one_whose_readiness_is_just_being_told_takes_that_back(subject: Lab) -> None:
    subject.listening.clear()
    await subject.answer(READY)
    withdrawing = asyncio.create_task(subject.instance.withdraw())
    await until("not ready", lambda: not subject.instance.ready)
    subject.listening.set()
    await withdrawing
    assert subject.told == [True, False]


async def test_the_end_of_the_mesh_does_not_wait_for_callers_to_know(subject: Lab) -> None:
    await subject.answer(READY)
    await until("told", lambda: subject.told == [True])
    subject.listening.clear()
    withdrawing = asyncio.create_task(subject.instance.withdraw())
    await until("not ready", lambda: not subject.instance.ready)
    subject.instance.abandon()
    async with asyncio.timeout(5):
        await withdrawing
