"""What crashes is started again, apart from what runs beside it."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from loopmesh.run.errors import RunError
from tests.run.meshes import QUICK, lab, service, until


async def test_a_killed_program_is_started_again_and_its_proxy_keeps_running(tmp_path: Path) -> None:
    async with lab(tmp_path) as mesh:
        await mesh.up()
        before = mesh.status("web-v1-0")
        os.kill(before.pid, signal.SIGKILL)
        await until("noticed", lambda: "web-v1-0 takes no traffic" in mesh.notes)
        await mesh.supervisor.wait_until_ready()
        after = mesh.status("web-v1-0")
    assert after.pid != before.pid
    assert after.proxy_pid == before.proxy_pid
    assert after.restarts == 1


async def test_a_killed_proxy_is_started_again_and_its_program_keeps_running(tmp_path: Path) -> None:
    async with lab(tmp_path) as mesh:
        await mesh.up()
        before = mesh.status("web-v1-0")
        os.kill(before.proxy_pid, signal.SIGKILL)
        await until("noticed", lambda: "web-v1-0 takes no traffic" in mesh.notes)
        await mesh.supervisor.wait_until_ready()
        after = mesh.status("web-v1-0")
    assert after.pid == before.pid
    assert after.proxy_pid != before.proxy_pid
    assert after.restarts == 1


async def test_a_program_and_a_proxy_that_crash_at_start_get_ready_in_the_end(tmp_path: Path) -> None:
    async with lab(tmp_path, service(env={"CRASHES": "2"}), script={"web-v1-0": {"crashes": 1}}) as mesh:
        await mesh.up()
        assert mesh.status("web-v1-0").restarts == 3
        assert mesh.status("web-v1-0").reason == ""


async def test_a_program_that_keeps_crashing_is_reported_with_its_last_words_and_its_log(tmp_path: Path) -> None:
    async with lab(tmp_path, service(env={"CRASHES": "1000"})) as mesh:
        await mesh.start()
        with pytest.raises(RunError) as failure:
            await mesh.supervisor.wait_until_ready()
        log = mesh.state.program_log("web-v1-0")
        expected = f"program exited with code 1: ValueError: scripted crash (log: {log})"
        assert str(failure.value) == f"web-v1-0 is not ready and keeps failing: {expected}"
        assert mesh.status("web-v1-0").reason == expected


async def test_waiting_for_one_that_is_slow_does_not_end_because_another_has_crashed_before(tmp_path: Path) -> None:
    crashed_often = service("first", env={"CRASHES": str(QUICK.crashes_until_given_up)})
    async with lab(tmp_path, crashed_often, service("second"), script={"second-v1-0": {"never_healthy": True}}) as mesh:
        await mesh.start()
        await until("ready after all", lambda: "first-v1-0" in mesh.supervisor.ready)
        waiting = asyncio.create_task(mesh.supervisor.wait_until_ready())
        await until("told", lambda: "first-v1-0 takes traffic" in mesh.notes)
        os.kill(mesh.status("second-v1-0").pid, signal.SIGKILL)
        await until("started again", lambda: mesh.notes.count("second-v1-0 program started") == 2)
        assert not waiting.done()
        waiting.cancel()
