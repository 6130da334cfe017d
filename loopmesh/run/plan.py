"""How each workload is started.

Enters: the application, the folders, the Envoy to use. Leaves: for a workload, the Launch of its proxy and of its
program. Never: starts one.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from loopmesh.model.application import Application, Service
from loopmesh.model.topology import Workload, WorkloadKind
from loopmesh.run.commands import resolve_command
from loopmesh.run.environment import program_environment, proxy_environment, told_variables
from loopmesh.run.errors import RunError
from loopmesh.run.expansion import expand
from loopmesh.run.process import Launch
from loopmesh.run.runtime_folder import RuntimeFolder, WorkloadFolder
from loopmesh.run.state import StateFolder

LOG_FLUSH_MS = 200
PROXY_DRAIN_S = 10
"""How long a proxy lets calls on a replaced or drained listener go on. Envoy's own default is 10 minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstancePlan:
    """One instance: a proxy, and a program unless it is a gateway."""

    workload: Workload
    sockets: WorkloadFolder
    proxy: Launch
    program: Launch | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """`folder` is where the mesh was started, `environment` the user's; `proxy_command` ends before the
    configuration arguments, see `envoy_command`."""

    application: Application
    state: StateFolder
    runtime: RuntimeFolder
    proxy_command: tuple[str, ...]
    receiver_port: int
    folder: Path
    environment: Mapping[str, str]

    def plan(self, workload: Workload) -> InstancePlan:
        """Raises RunError when a socket path would be too long or the program is missing."""
        self.runtime.check_lengths([workload.name])
        sockets = self.runtime.workload(workload.name)
        is_gateway = workload.kind is WorkloadKind.GATEWAY
        return InstancePlan(
            workload=workload,
            sockets=sockets,
            proxy=self._proxy(workload, sockets),
            program=None if is_gateway else self._program(workload, sockets),
        )

    def _proxy(self, workload: Workload, sockets: WorkloadFolder) -> Launch:
        return Launch(
            argv=(*self.proxy_command, "--config-yaml", _node(workload)),
            environment=proxy_environment(sockets, self.environment),
            folder=sockets.path,
            log=self.state.proxy_log(workload.name),
        )

    def _program(self, workload: Workload, sockets: WorkloadFolder) -> Launch:
        service = self._service_of(workload)
        version = next(one for one in service.versions if one.name == workload.version)
        database = self.state.database(service.key)
        told = told_variables(workload, version.env, sockets, database=database, receiver_port=self.receiver_port)
        environment = program_environment(told, workload, sockets, self.environment)
        command = tuple(expand(word, told) for word in version.command)
        argv = resolve_command(command, self.folder, environment.get("PATH"))
        if argv is None:
            raise RunError(f"{workload.name}: there is no program {version.command[0]} any more")
        return Launch(
            argv=argv,
            environment=environment,
            folder=self.folder,
            log=self.state.program_log(workload.name),
            stale_sockets=(sockets.application,),
        )

    def _service_of(self, workload: Workload) -> Service:
        service = self.application.service_of(workload.namespace, workload.service)
        if service is None:
            raise LookupError(workload.name)
        return service


def envoy_command(binary: Path, bootstrap: Path) -> tuple[str, ...]:
    """Flags for many Envoys on one machine: one worker each, and no shared memory with a base id to collide on."""
    return (
        *(str(binary), "-c", str(bootstrap.absolute())),
        *("--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"),
        # Istio, whose semantics are kept, sets a deprecated field on every route; Envoy would say so for each.
        *("--component-log-level", "misc:error"),
        # A line is in the log soon after its call; Envoy's own default is 10 s.
        *("--file-flush-interval-msec", str(LOG_FLUSH_MS)),
        *("--drain-time-s", str(PROXY_DRAIN_S), "--drain-strategy", "immediate"),
    )


def _node(workload: Workload) -> str:
    """Who the proxy is to the control plane; merged into the bootstrap. `cluster` is named as Istio does."""
    return json.dumps({"node": {"id": workload.node_id, "cluster": f"{workload.service}.{workload.namespace}"}})
