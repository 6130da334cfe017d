"""The supervisor on the real Envoy and a real gRPC server."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import grpc

from loopmesh.model.application import Health, HealthKind
from loopmesh.run.envoy_binary import find_envoy
from loopmesh.run.plan import envoy_command
from loopmesh.run.proxy_admin import is_quiet
from tests.run.meshes import HERE, LabMesh, lab, service, until

GRPC = Health(kind=HealthKind.GRPC)


def envoy_lab(folder: Path) -> LabMesh:
    command = envoy_command(find_envoy({}), HERE / "envoy.yaml")
    return lab(folder, service(health=GRPC, program="grpc_program.py"), proxy_command=command)


async def test_readiness_follows_what_the_program_says_of_its_health(tmp_path: Path) -> None:
    async with envoy_lab(tmp_path) as mesh:
        await mesh.up()
        os.kill(mesh.status("web-v1-0").pid, signal.SIGUSR1)
        await until("not ready", lambda: not mesh.supervisor.ready)
        assert mesh.status("web-v1-0").reason == "gRPC health check: NOT_SERVING"
        os.kill(mesh.status("web-v1-0").pid, signal.SIGUSR2)
        await mesh.supervisor.wait_until_ready()


async def test_envoy_and_the_program_each_survive_the_death_of_the_other(tmp_path: Path) -> None:
    async with envoy_lab(tmp_path) as mesh:
        await mesh.up()
        first = mesh.status("web-v1-0")
        os.kill(first.proxy_pid, signal.SIGKILL)
        await until("noticed", lambda: not mesh.supervisor.ready)
        await mesh.supervisor.wait_until_ready()
        second = mesh.status("web-v1-0")
        os.kill(second.pid, signal.SIGKILL)
        await until("noticed", lambda: not mesh.supervisor.ready)
        await mesh.supervisor.wait_until_ready()
        third = mesh.status("web-v1-0")
    assert (second.pid, third.proxy_pid) == (first.pid, second.proxy_pid)
    assert second.proxy_pid != first.proxy_pid
    assert third.pid != second.pid
    assert third.restarts == 2


async def test_a_call_under_way_is_answered_before_its_server_is_stopped(tmp_path: Path) -> None:
    async with envoy_lab(tmp_path) as mesh:
        await mesh.up()
        status = mesh.status("web-v1-0")
        async with grpc.aio.insecure_channel(f"unix:{status.sockets.path}/in.sock") as channel:
            slow: Any = channel.unary_unary("/lab.Slow/Wait")
            call = asyncio.ensure_future(slow(b"", wait_for_ready=True))
            async with asyncio.timeout(10):
                while await is_quiet(status.sockets.proxy_admin, inbound_only=True):  # noqa: ASYNC110 # Envoy tells nobody
                    await asyncio.sleep(0.01)
            retiring = asyncio.create_task(mesh.supervisor.retire("web-v1-0"))
            await until("draining", lambda: "web-v1-0 takes no traffic" in mesh.notes)
            assert not retiring.done()
            (mesh.folder / "go").touch()
            assert await call == b"done"
            await retiring
    assert mesh.supervisor.workloads == ()
