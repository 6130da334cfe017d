"""A running mesh: the only place where policies, compile, control, run and observe meet.

Enters: options. Leaves: a mesh whose proxies always have what the topology and the policies of the moment say.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

from loopmesh.cli.compiler import Compiler, choose_compiler
from loopmesh.cli.options import UpOptions
from loopmesh.cli.steering import Steering
from loopmesh.control import CertificateAuthority, ControlPlane
from loopmesh.model.application import Application
from loopmesh.model.number_words import numbered
from loopmesh.model.policies import Policies
from loopmesh.model.topology import Ports, place
from loopmesh.observe import OtlpReceiver, TraceStore
from loopmesh.policies import PolicySet, read_application, read_files
from loopmesh.run.commands import check_commands
from loopmesh.run.envoy_binary import find_bootstrap, find_envoy
from loopmesh.run.leftovers import Guard, clean_up_leftovers
from loopmesh.run.plan import Planner, envoy_command
from loopmesh.run.ports import PortLedger
from loopmesh.run.rollout import Rollout
from loopmesh.run.runtime_folder import create_runtime_folder
from loopmesh.run.state import MeshRecord, open_state
from loopmesh.run.supervisor import Supervisor

Report = Callable[[str], None]
OTLP_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


class Mesh:
    """Made by `load`, which checks everything that can be checked before anything runs."""

    def __init__(
        self,
        options: UpOptions,
        application: Application,
        policy_set: PolicySet,
        policies: Policies,
        compiler: Compiler,
    ) -> None:
        self.application = application
        self._warnings = policies.warnings
        self._compiler = compiler
        self._state = open_state(options.state)
        clean_up_leftovers(self._state)
        self._traces = TraceStore(self._state.traces)
        self.authority = CertificateAuthority.load_or_create(
            self._state.path / "ca", policy_set.trust_domain, time.time
        )
        # After what may fail, for `stop` alone removes it.
        self._runtime = create_runtime_folder(os.environ)
        self._ports = PortLedger()
        self._guard: Guard | None = None
        self._control = ControlPlane(self._runtime.control_socket, self.authority)
        self.steering = Steering(
            application=application,
            policy_set=policy_set,
            policies=policies,
            compiler=compiler,
            control=self._control,
            ports=self._ports,
            edge_port=options.edge_port,
            secrets=options.state,
        )
        self._receiver = OtlpReceiver(self._traces, os.environ.get(OTLP_ENDPOINT))

    @classmethod
    def load(cls, options: UpOptions) -> "Mesh":
        """Reads and checks values and policies, takes the state folder.

        Raises InvalidInputError and RunError; ControlError, sqlite3.Error and OSError for what the folder holds.
        """
        application = read_application(options.values)
        check_commands(application, Path.cwd(), os.environ)
        files = read_files([options.policies]) if options.policies else []
        policy_set = PolicySet.parse(files, application.namespace)
        compiler = choose_compiler(options.control_plane)
        return cls(options, application, policy_set, compiler.check(policy_set, application), compiler)

    @property
    def runtime_folder(self) -> Path:
        return self._runtime.path

    @property
    def admin_socket(self) -> Path:
        return self._runtime.admin_socket

    async def start(self, report: Report) -> None:
        """Returns when every workload takes traffic. Raises RunError; `stop` must follow in any case."""
        ports = Ports(proxy=self._ports.allocate, program=self._ports.allocate_for_program)
        workloads = place(self.application, ports, self.steering.added_hosts)
        self._runtime.check_lengths(workload.name for workload in workloads)
        for warning in self._warnings:
            report(str(warning))
        report("opening the control plane")
        await self._compiler.start(report)
        await self._control.start()
        trace_port = await self._receiver.start()
        self.steering.open(trace_port)
        self._prepare_supervisor(trace_port)
        report(f"starting {numbered(len(workloads), 'workload')}, each with its proxy")
        self._guard = Guard(self._runtime)
        self._write_record()
        await self.supervisor.start(workloads)
        await self.supervisor.wait_until_ready(report=report)
        await self.steering.complete()

    def _prepare_supervisor(self, trace_port: int) -> None:
        planner = Planner(
            application=self.application,
            state=self._state,
            runtime=self._runtime,
            proxy_command=envoy_command(find_envoy(os.environ), find_bootstrap()),
            receiver_port=trace_port,
            folder=Path.cwd(),
            environment=os.environ,
        )
        self.supervisor = Supervisor(plan=planner.plan, control_plane=self.steering)
        self.rollout = Rollout(
            application=self.application,
            supervisor=self.supervisor,
            ports=self._ports,
            added_hosts=lambda: self.steering.added_hosts,
        )

    def _write_record(self) -> None:
        self._state.write_record(
            MeshRecord(
                pid=os.getpid(),
                started_at=time.time(),
                runtime_folder=str(self._runtime.path),
                admin_socket=str(self._runtime.admin_socket),
            )
        )

    async def stop(self, report: Report) -> None:
        """Ends everything and removes what must not stay; may be called at any point after `load`."""
        if hasattr(self, "supervisor"):
            await self.supervisor.stop(report)
        await self.steering.stop()
        await self._control.stop()
        await self._compiler.close()
        await self._receiver.stop()
        self._traces.close()
        if self._guard is not None:
            await self._guard.release()
        self._runtime.remove()
        self._state.clear_record()
        self._ports.close()
        self._state.close()
