"""A running mesh: the only place where policies, compile, control, run and observe meet.

Enters: options. Leaves: a mesh whose proxies always have what the topology and the policies of the moment say.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from loopmesh.cli.blame import Refusal, blame
from loopmesh.cli.compiler import Compiler, choose_compiler
from loopmesh.cli.edge_ports import EdgePorts
from loopmesh.cli.fresh_connections import FreshConnections
from loopmesh.cli.key_location import locate
from loopmesh.cli.options import UpOptions
from loopmesh.cli.policy_change import ChangeReport, MeshDifference, PolicyChange, compare
from loopmesh.cli.secrets import read_credentials
from loopmesh.compile import ProxyConfig, token_sources
from loopmesh.control import CertificateAuthority, ControlPlane, KeyFetch, KeySets, PushReport, Rejection
from loopmesh.model.added_host import AddedHost
from loopmesh.model.application import Application
from loopmesh.model.credential import Credential
from loopmesh.model.policies import Policies
from loopmesh.model.policy import PolicyName, Source
from loopmesh.model.problem import InvalidInputError
from loopmesh.model.token import KeySource
from loopmesh.model.topology import Forward, Ports, Topology, Workload, place
from loopmesh.observe import OtlpReceiver, TraceStore
from loopmesh.policies import PolicySet, read_application, read_files
from loopmesh.run.commands import check_commands
from loopmesh.run.envoy_binary import find_bootstrap, find_envoy
from loopmesh.run.errors import RunError
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

    def __init__(self, options: UpOptions, application: Application, policy_set: PolicySet, compiler: Compiler) -> None:
        self.application = application
        self._options = options
        self._policy_set = policy_set
        self._compiler = compiler
        self._policies = compiler.check(policy_set, application)
        self._refused: tuple[Refusal, ...] = ()
        self._state = open_state(options.state)
        clean_up_leftovers(self._state)
        self._runtime = create_runtime_folder(os.environ)
        self._ports = PortLedger()
        self._edge_ports = EdgePorts(application, self._ports, options.edge_port)
        self._guard: Guard | None = None
        self._refreshing = asyncio.Lock()
        self._ready: frozenset[str] = frozenset()
        self._connections = FreshConnections()
        self._topology = Topology(application=application, workloads=(), credentials=self._credentials(self._policies))
        self.authority = CertificateAuthority.load_or_create(
            self._state.path / "ca", policy_set.trust_domain, time.time
        )
        self.control = ControlPlane(self._runtime.control_socket, self.authority)
        keys_at = KeyFetch(lambda host, port: locate(self._topology, host, port, compiler.address))
        self._key_sets = KeySets(keys_at, self._push_key_sets)
        self._traces = TraceStore(self._state.traces)
        self._receiver = OtlpReceiver(self._traces, os.environ.get(OTLP_ENDPOINT))

    @classmethod
    def load(cls, options: UpOptions) -> "Mesh":
        """Reads and checks values and policies, takes the state folder. Raises InvalidInputError and RunError."""
        application = read_application(options.values)
        check_commands(application, Path.cwd(), os.environ)
        files = read_files([options.policies]) if options.policies else []
        policy_set = PolicySet.parse(files, application.namespace)
        return cls(options, application, policy_set, choose_compiler(options.control_plane))

    @property
    def added_hosts(self) -> tuple[AddedHost, ...]:
        """Those that policies have added by now."""
        return self._policies.added_hosts

    @property
    def runtime_folder(self) -> Path:
        return self._runtime.path

    @property
    def admin_socket(self) -> Path:
        return self._runtime.admin_socket

    @property
    def edge(self) -> dict[str, str]:
        """Addresses of the edge by the names of its servers."""
        return self._edge_ports.addresses(self._topology.edge_ports, self._policies)

    async def start(self, report: Report) -> None:
        """Returns when every workload takes traffic. Raises RunError; `stop` must follow in any case."""
        ports = Ports(proxy=self._ports.allocate, program=self._ports.allocate_for_program)
        workloads = place(self.application, ports, self.added_hosts)
        self._runtime.check_lengths(workload.name for workload in workloads)
        for warning in self._policies.warnings:
            report(str(warning))
        report("opening the control plane")
        await self._compiler.start(report)
        await self.control.start()
        trace_port = await self._receiver.start()
        edge_ports = self._edge_ports.claim(self._topology.edge_ports, self._policies)
        self._topology = replace(self._topology, trace_port=trace_port, edge_ports=edge_ports)
        self._prepare_supervisor(trace_port)
        report(f"starting {len(workloads)} workloads, each with its proxy")
        self._guard = Guard(self._runtime)
        self._write_record()
        await self.supervisor.start(workloads)
        await self.supervisor.wait_until_ready()
        # Not before: the issuer may be a service of this mesh.
        if await self._follow_issuers(self._policies):
            await self._push_key_sets()
        self._refuse_rejected(workloads)

    def _refuse_rejected(self, workloads: Iterable[Workload]) -> None:
        """A mesh that starts with a configuration some proxy does not take would not do what the policies say."""
        rejections = [found for workload in workloads for found in self.control.rejections(workload.name)]
        if rejections:
            raise RunError(str(blame(rejections[0], self._topology, self._policies, self._policy_set.documents)))

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
        self.supervisor = Supervisor(plan=planner.plan, control_plane=self)
        self.rollout = Rollout(
            application=self.application,
            supervisor=self.supervisor,
            ports=self._ports,
            added_hosts=lambda: self.added_hosts,
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
        await self._key_sets.stop()
        await self.control.stop()
        await self._compiler.close()
        await self._receiver.stop()
        self._traces.close()
        if self._guard is not None:
            await self._guard.release()
        self._runtime.remove()
        self._state.clear_record()
        self._ports.close()
        self._state.close()

    @property
    def policy_set(self) -> PolicySet:
        return self._policy_set

    def refusals(self, name: str) -> tuple[Refusal, ...]:
        """What the workload's proxy refuses, or refused of the last change of policies."""
        last = [refusal for refusal in self._refused if refusal.rejection.workload == name]
        return (*(Refusal(rejection=found) for found in self.control.rejections(name)), *last)

    def token_sources(self, workload: Workload) -> dict[str, Source]:
        """The rules for tokens a workload's proxy has, by the names of their providers."""
        return token_sources(self._policies, workload)

    async def change(self, change: PolicyChange) -> ChangeReport:
        """Returns when every proxy has answered; when one refuses, all have what they had before.

        The whole set must be valid, or nothing changes. Raises InvalidInputError and RunError.
        """
        async with self._refreshing:
            policy_set, names, policies = await asyncio.to_thread(self._read, change)
            if policy_set.trust_domain != self.authority.trust_domain:
                raise RunError(
                    "the trust domain is part of every certificate: stop the mesh and start it with the new one"
                )
            before, known = (self._policy_set, self._policies, self._topology), self._rejections()
            warnings = change.warnings(self._policies, policies)
            credentials = await asyncio.to_thread(self._credentials, policies)
            edge_ports = self._edge_ports.claim(self._topology.edge_ports, policies)
            key_sets = await self._follow_issuers(policies)
            topology = replace(self._topology, edge_ports=edge_ports, credentials=credentials, key_sets=key_sets)
            try:
                configs = await self._compiler.compile(topology, policy_set, policies)
            except (InvalidInputError, RunError):
                self._edge_ports.release(topology.edge_ports, self._topology.edge_ports)
                await self._follow_issuers(self._policies)
                raise
            self._policy_set, self._policies, self._topology = policy_set, policies, topology
            report = await self._send(configs, forget=change.forget)
            fresh = [found for found in report.rejections if found not in known]
            self._refused = tuple(blame(found, self._topology, policies, names) for found in fresh)
            if fresh:
                self._policy_set, self._policies, self._topology = before
                self._edge_ports.release(topology.edge_ports, self._topology.edge_ports)
                await self._follow_issuers(self._policies)
                await self._push()
        return ChangeReport(policies=tuple(names), push=report, refusals=self._refused, warnings=warnings)

    async def difference(self, change: PolicyChange) -> MeshDifference:
        """What the change would do; nothing is changed. Raises InvalidInputError and RunError."""
        async with self._refreshing:
            policy_set, _, policies = await asyncio.to_thread(self._read, change)
            credentials = await asyncio.to_thread(self._credentials, policies)
            # A port that would be opened is not taken for that.
            edge_ports = self._edge_ports.imagine(self._topology.edge_ports, policies)
            topology = replace(self._topology, edge_ports=edge_ports, credentials=credentials)
            old = await self._compiler.compile(self._topology, self._policy_set, self._policies)
            new = await self._compiler.compile(topology, policy_set, policies)
            return await asyncio.to_thread(compare, self._policies, policies, old, new)

    def _read(self, change: PolicyChange) -> tuple[PolicySet, list[PolicyName], Policies]:
        policy_set, names = change.apply_to(self._policy_set, self.application.namespace)
        return policy_set, names, self._compiler.check(policy_set, self.application)

    def _credentials(self, policies: Policies) -> tuple[Credential, ...]:
        return read_credentials(self._options.state, self.application, policies)

    def _rejections(self) -> set[Rejection]:
        return {found for one in self._topology.workloads for found in self.control.rejections(one.name)}

    async def open_forward(self, forward: Forward) -> Forward:
        """Opens a port with a workload's identity; port 0 takes a free one. Raises RunError."""
        port = self._ports.claim(forward.listen_port, "--listen") if forward.listen_port else self._ports.allocate()
        opened = replace(forward, listen_port=port)
        async with self._refreshing:
            self._topology = replace(self._topology, forwards=(*self._topology.forwards, opened))
            await self._push()
        return opened

    async def close_forward(self, forward: Forward) -> None:
        async with self._refreshing:
            remaining = tuple(one for one in self._topology.forwards if one != forward)
            self._topology = replace(self._topology, forwards=remaining)
            await self._push()
        self._ports.release(forward.listen_port)

    async def add_workloads(self, workloads: tuple[Workload, ...]) -> None:
        """For the supervisor: admits proxies that are about to start."""
        for workload in workloads:
            self.control.admit(workload)
        async with self._refreshing:
            self._topology = replace(self._topology, workloads=(*self._topology.workloads, *workloads))
            await self._push()

    async def remove_workload(self, workload: Workload) -> None:
        """For the supervisor: forgets a proxy that has ended."""
        self.control.dismiss(workload.name)
        async with self._refreshing:
            remaining = tuple(one for one in self._topology.workloads if one.name != workload.name)
            self._topology = replace(self._topology, workloads=remaining)
            await self._push()

    async def set_ready(self, workload: Workload, ready: bool) -> None:
        """For the supervisor: lets a workload take traffic, or none any more.

        Those that get ready while proxies are being told are told of together: many start at once.
        """
        self._ready = self._ready | {workload.name} if ready else self._ready - {workload.name}
        async with self._refreshing:
            if self._topology.ready != self._ready:
                self._topology = replace(self._topology, ready=self._ready)
                await self._push()

    async def _follow_issuers(self, policies: Policies) -> Mapping[KeySource, str]:
        """The keys there are for the tokens these policies take, from now on looked after."""
        await self._key_sets.follow(self._compiler.fetched_keys(policies, self.application))
        return self._key_sets.known

    async def _push_key_sets(self) -> None:
        async with self._refreshing:
            self._topology = replace(self._topology, key_sets=self._key_sets.known)
            await self._push()

    async def _push(self) -> PushReport:
        return await self._send(await self._compiler.compile(self._topology, self._policy_set, self._policies))

    async def _send(self, configs: Mapping[str, ProxyConfig], *, forget: bool = False) -> PushReport:
        report = await self.control.push(self._connections.mark(configs))
        changed = self._connections.note(self._topology.workloads, configs)
        if forget:
            self._connections.renew(service.host for service in self.application.services)
        if not changed and not forget:
            return report
        renewed = await self.control.push(self._connections.mark(configs))
        return replace(renewed, milliseconds=report.milliseconds + renewed.milliseconds)
