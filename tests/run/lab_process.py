"""Runs a lab mesh as a process of its own: `lab_process.py FOLDER`. Prints its process ids once it is ready."""

import asyncio
import json
import os
import sys
from pathlib import Path

from loopmesh.run.leftovers import Guard
from loopmesh.run.state import MeshRecord
from tests.run.meshes import gateway, lab, service


async def main(folder: Path, guarded: bool) -> None:
    async with lab(folder, service(env={"STARTS_CHILD": "yes"}), gateways=(gateway(),)) as mesh:
        record = MeshRecord(pid=os.getpid(), started_at=0, runtime_folder=str(mesh.runtime.path), admin_socket="unused")
        mesh.state.write_record(record)
        guard = Guard(mesh.runtime) if guarded else None
        await mesh.up()
        pids = [pid for status in mesh.supervisor.statuses() for pid in (status.pid, status.proxy_pid) if pid]
        child = int((folder / "web-v1-0.child").read_text())
        print(json.dumps({"children": pids, "grandchild": child, "runtime": str(mesh.runtime.path)}), flush=True)  # noqa: T201
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    if guard:
        await guard.release()


asyncio.run(main(Path(sys.argv[1]), guarded=sys.argv[2] == "guarded"))
