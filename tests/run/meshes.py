"""A mesh of fake proxies and programs in a folder of its own, and a control plane that notes what it is told."""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psutil

from loopmesh.model.application import (
    Application,
    GatewayWorkload,
    Health,
    HealthKind,
    Listen,
    Port,
    Protocol,
    Service,
    Version,
)
from loopmesh.model.problem import Origin
from loopmesh.model.topology import Ports, Workload, place
from loopmesh.run.backoff import Backoff
from loopmesh.run.plan import Planner
from loopmesh.run.ports import PortLedger
from loopmesh.run.rollout import Rollout
from loopmesh.run.runtime_folder import RuntimeFolder, create_runtime_folder
from loopmesh.run.state import StateFolder, open_state
from loopmesh.run.supervisor import Supervisor
from loopmesh.run.timing import Timing

HERE = Path(__file__).parent
HEALTHZ = Health(kind=HealthKind.HTTP, path="/healthz")
ORIGIN = Origin(file="values.yaml", line=1)
QUICK = Timing(
    restart=Backoff(first_s=0.01, longest_s=0.05, stable_s=60),
    probe_when_ready_s=0.05,
    ready_timeout_s=20,
    drain_s=2,
    program_grace_s=5,
)
Observed = TypeVar("Observed")


async def until(what: str, observe: Callable[[], Observed], timeout_s: float = 20) -> Observed:
    """Asks until `observe` returns something true, letting the event loop run."""
    deadline = asyncio.get_running_loop().time() + timeout_s
    while not (seen := observe()):
        assert asyncio.get_running_loop().time() < deadline, f"not within {timeout_s} s: {what}; last seen: {seen!r}"
        await asyncio.sleep(0.01)
    return seen


def alive(pid: int) -> bool:
    """Whether it still runs; one that only waits to be reaped does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def service(
    name: str = "web",
    *,
    replicas: int = 1,
    stateful: bool = False,
    env: Mapping[str, str] | None = None,
    health: Health = HEALTHZ,
    listen: Listen = Listen.UNIX,
    program: str = "fake_program.py",
) -> Service:
    version = Version(name="v1", replicas=replicas, command=("python", str(HERE / program)), env=dict(env or {}))
    return Service(
        name=name,
        namespace="lab",
        ports=(Port(name="http", number=80, protocol=Protocol.HTTP),),
        versions=(version,),
        health=health,
        listen=listen,
        stateful=stateful,
        origin=ORIGIN,
    )


def gateway(name: str = "edge") -> GatewayWorkload:
    return GatewayWorkload(name=name, namespace="lab", labels={"istio": name}, replicas=1, origin=ORIGIN)


@dataclass
class NotingControlPlane:
    """Writes what it is told into the journal, where proxies and programs write too."""

    journal: Path

    def note(self, workload: Workload, what: str) -> None:
        with self.journal.open("a") as journal:
            journal.write(f"{workload.name} {what}\n")

    async def add_workloads(self, workloads: tuple[Workload, ...]) -> None:
        for workload in workloads:
            self.note(workload, "added")

    async def remove_workload(self, workload: Workload) -> None:
        self.note(workload, "removed")

    async def set_ready(self, workload: Workload, ready: bool) -> None:
        self.note(workload, "takes traffic" if ready else "takes no traffic")


@dataclass
class LabMesh:
    """Use with `async with`; everything is stopped at the end."""

    folder: Path
    application: Application
    timing: Timing = QUICK
    script: Mapping[str, Any] = field(default_factory=dict)
    proxy_command: tuple[str, ...] = ()
    state: StateFolder = field(init=False)
    runtime: RuntimeFolder = field(init=False)
    supervisor: Supervisor = field(init=False)
    ports: PortLedger = field(default_factory=PortLedger)
    progress: list[str] = field(default_factory=list)

    @property
    def journal(self) -> Path:
        return self.folder / "journal"

    @property
    def notes(self) -> list[str]:
        return self.journal.read_text().splitlines()

    @property
    def rollout(self) -> Rollout:
        return Rollout(application=self.application, supervisor=self.supervisor, ports=self.ports)

    async def __aenter__(self) -> "LabMesh":
        self.folder.mkdir(exist_ok=True)
        self.journal.touch()
        (self.folder / "script.json").write_text(json.dumps(self.script))
        self.state = open_state(self.folder / "state")
        self.runtime = create_runtime_folder({})
        planner = Planner(
            application=self.application,
            state=self.state,
            runtime=self.runtime,
            proxy_command=self.proxy_command or (sys.executable, str(HERE / "fake_envoy.py"), str(self.journal)),
            receiver_port=4317,
            folder=self.folder,
            environment={**os.environ, "JOURNAL": str(self.journal)},
        )
        self.supervisor = Supervisor(
            plan=planner.plan, control_plane=NotingControlPlane(self.journal), timing=self.timing
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.supervisor.stop(self.progress.append)
        self.ports.close()
        self.runtime.remove()
        self.state.close()

    async def start(self) -> None:
        await self.supervisor.start(
            place(self.application, Ports(proxy=self.ports.allocate, program=self.ports.allocate_for_program))
        )

    async def up(self) -> None:
        await self.start()
        await self.supervisor.wait_until_ready()

    def status(self, name: str) -> Any:
        return next(status for status in self.supervisor.statuses() if status.workload.name == name)


def lab(folder: Path, *services: Service, gateways: tuple[GatewayWorkload, ...] = (), **options: Any) -> LabMesh:
    application = Application(namespace="lab", services=services or (service(),), gateways=gateways)
    return LabMesh(folder=folder, application=application, **options)
