"""A service as a real process that can die and be started again."""

import asyncio
import os
import sys
from pathlib import Path

import grpc

READY_TIMEOUT_S = 60
CHANNEL = (
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 100),
    # Connections of its own, too.
    ("grpc.use_local_subchannel_pool", 1),
)


class ServiceProcess:
    """`module` is what runs. `outbound` is where it finds all other services, as its sidecar's socket."""

    def __init__(self, name: str, folder: Path, outbound: str, database_url: str, module: str = "") -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._module = module or f"services.{name}"
        self._folder = folder
        self._database_url = database_url
        self._outbound = outbound
        self._target = f"unix:{folder / name}-app.sock"
        self._process: asyncio.subprocess.Process | None = None
        self.channel = self._new_channel()

    @property
    def running(self) -> asyncio.subprocess.Process:
        assert self._process is not None, "it was not started"
        return self._process

    async def start(self) -> None:
        """Returns when it takes calls, on a new channel: one of its predecessor's may still be ready, for nobody has
        looked whether the other end is there."""
        await self.channel.close()
        self.channel = self._new_channel()
        environment = {
            **os.environ,
            "LISTEN_ADDR": self._target,
            "MESH_OUTBOUND": self._outbound,
            "HOSTNAME": f"{self.name}-v1-0",
            "DATABASE_URL": self._database_url,
            "CRASH_FOLDER": str(self._folder),
            "PYTHONPATH": "gen/python:.",
        }
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", self._module, env=environment, stdout=log, stderr=log
            )
        ready = asyncio.create_task(self.channel.channel_ready())
        ended = asyncio.create_task(self._process.wait())
        await asyncio.wait([ready, ended], timeout=READY_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        assert ready.done(), self.log.read_text()[-2000:]

    async def exit_code(self) -> int:
        """Waits until it has ended by itself."""
        return await asyncio.wait_for(self.running.wait(), READY_TIMEOUT_S)

    def _new_channel(self) -> grpc.aio.Channel:
        return grpc.aio.insecure_channel(self._target, options=CHANNEL)

    async def stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        await self.channel.close()
