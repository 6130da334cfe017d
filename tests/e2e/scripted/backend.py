"""A fake service that fails or hangs as a test says, and writes down every call that reaches it.

In the folder SCRIPT it reads `<instance>.json` (or `all.json`) at every call, `{"code": "UNAVAILABLE", "times": 2}` or
`{"hang_s": 30}`, and appends one line a call to `<instance>.calls`. `times` counts from when the script was written.
"""

import asyncio
import json
import os
import signal
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer
from grpc_reflection.v1alpha import reflection

messages, services = grpc.protos_and_services("scripted.proto")
FOLDER = Path(os.environ["SCRIPT"])
NAME = os.environ["HOSTNAME"]


def script() -> tuple[dict, int]:
    """And when it was written."""
    for name in (NAME, "all"):
        path = FOLDER / f"{name}.json"
        if path.exists():
            return json.loads(path.read_text()), path.stat().st_mtime_ns
    return {}, 0


class Scripted(services.ScriptedServiceServicer):
    def __init__(self) -> None:
        self.failed: dict[int, int] = {}

    async def Do(self, request, context):
        with (FOLDER / f"{NAME}.calls").open("a") as calls:
            calls.write(json.dumps(dict(context.invocation_metadata()), default=repr) + "\n")
        now, written = script()
        await asyncio.sleep(now.get("hang_s", 0))
        if "code" in now and self.failed.get(written, 0) < now.get("times", 1_000_000):
            self.failed[written] = self.failed.get(written, 0) + 1
            await context.abort(grpc.StatusCode[now["code"]], "as the script says")
        return messages.DoResponse(instance=NAME)

    Forbidden = Do


async def main() -> None:
    server = grpc.aio.server()
    services.add_ScriptedServiceServicer_to_server(Scripted(), server)
    health = HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    reflection.enable_server_reflection(("lab.scripted.v1.ScriptedService", reflection.SERVICE_NAME), server)
    server.add_insecure_port(os.environ["LISTEN_ADDR"])
    await server.start()
    await health.set("", health_pb2.HealthCheckResponse.SERVING)
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    await stopped.wait()
    await server.stop(grace=5)


asyncio.run(main())
