"""What the proxies of a running mesh are told: its topology and policies of the moment, compiled.

Enters: changes of policies, workloads, forwarded ports. Leaves: pushes of the control plane. Never: starts a process.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from loopmesh.cli.admin_messages import rejection_message
from loopmesh.cli.blame import Refusal, blame
from loopmesh.cli.compiler import Compiler
from loopmesh.cli.edge_ports import EdgePorts
from loopmesh.cli.fresh_connections import FreshConnections
from loopmesh.cli.key_location import locate
from loopmesh.cli.policy_change import ChangeReport, Compiled, MeshDifference, PolicyChange, compare, sources
from loopmesh.cli.refusals import refusal_lines
from loopmesh.cli.secrets import read_credentials
from loopmesh.cli.standing_refusals import StandingRefusals
from loopmesh.compile import AppliedPatch, ProxyConfig, applied_patches, token_sources
from loopmesh.control import ControlPlane, KeyFetch, KeySets, PushReport, Rejection
from loopmesh.model.added_host import AddedHost
from loopmesh.model.application import Application
from loopmesh.model.credential import Credential
from loopmesh.model.policies import Policies
from loopmesh.model.policy import PolicyName, Source
from loopmesh.model.problem import InvalidInputError
from loopmesh.model.token import KeySource
from loopmesh.model.topology import Forward, Topology, Workload
from loopmesh.policies import PolicySet
from loopmesh.run.errors import RunError
from loopmesh.run.ports import PortLedger


class Steering:
    """One change at a time; each call returns when the proxies it concerns have what follows from it."""

    def __init__(
        self,
        *,
        application: Application,
        policy_set: PolicySet,
        policies: Policies,
        compiler: Compiler,
        control: ControlPlane,
        ports: PortLedger,
        edge_port: int,
        secrets: Path,
    ) -> None:
        """`policies` are what the compiler found in the set; `secrets` is the state folder, which holds them. Raises
        InvalidInputError for a secret that is not there."""
        self.application = application
        self.started_with = policy_set
        self._policy_set = policy_set
        self._compiler = compiler
        self._policies = policies
        self._refused: tuple[Refusal, ...] = ()
        self._control = control
        self._ports = ports
        self._edge_ports = EdgePorts(application, ports, edge_port)
        self._secrets = secrets
        self._one_at_a_time = asyncio.Lock()
        self._ready: frozenset[str] = frozenset()
        self._connections = FreshConnections()
        self._standing = StandingRefusals(self._rejections, self._blame_standing, self._one_at_a_time)
        self._topology = Topology(application=application, workloads=(), credentials=self._credentials(policies))
        keys_at = KeyFetch(lambda host, port: locate(self._topology, host, port, compiler.address))
        self._key_sets = KeySets(keys_at, self._push_key_sets)

    @property
    def added_hosts(self) -> tuple[AddedHost, ...]:
        """Those that policies have added by now."""
        return self._policies.added_hosts

    @property
    def edge(self) -> dict[str, str]:
        """Addresses of the edge by the names of its servers."""
        return self._edge_ports.addresses(self._topology.edge_ports, self._policies)

    def open(self, trace_port: int) -> None:
        """Takes the edge's ports; comes before all other calls. Raises RunError when one is in use."""
        edge_ports = self._edge_ports.claim(self._topology.edge_ports, self._policies)
        self._topology = replace(self._topology, trace_port=trace_port, edge_ports=edge_ports)

    async def complete(self) -> None:
        """Comes when the first workloads are ready: the issuer of tokens may be one. Raises RunError when a proxy has
        refused a part: such a mesh would not do what the policies say."""
        if await self._follow_issuers(self._policies):
            await self._push_key_sets()
        if rejections := self._rejections():
            async with self._one_at_a_time:
                refusals = await self._blame_standing(rejections)
            raise RunError("\n".join(refusal_lines(map(rejection_message, refusals))))

    async def stop(self) -> None:
        await self._key_sets.stop()
        await self._standing.stop()

    @property
    def policy_set(self) -> PolicySet:
        return self._policy_set

    async def refusals(self) -> dict[str, list[Refusal]]:
        """By workload, what its proxy refuses, or refused of the last change of policies."""
        found: dict[str, list[Refusal]] = {}
        for refusal in (*await self._standing.refusals(), *self._refused):
            found.setdefault(refusal.rejection.workload, []).append(refusal)
        return found

    def token_sources(self, workloads: Iterable[Workload]) -> dict[str, dict[str, Source]]:
        """By workload, the rules for tokens its proxy has, by the names of their providers."""
        return token_sources(self._policies, workloads)

    def applied_patches(self, workload: Workload) -> Iterable[AppliedPatch]:
        """Those of the policies that have had a hand in the configuration of its proxy."""
        return applied_patches(self._policies, workload)

    async def change(self, change: PolicyChange) -> ChangeReport:
        """Returns when every proxy has answered; when one refuses, all have what they had before.

        The whole set must be valid, or nothing changes. Raises InvalidInputError and RunError.
        """
        async with self._one_at_a_time:
            policy_set, names, policies = await asyncio.to_thread(self._read, change)
            if policy_set.trust_domain != self._policy_set.trust_domain:
                raise RunError(
                    "the trust domain is part of every certificate: stop the mesh and start it with the new one"
                )
            before = self._policy_set, self._policies, self._topology
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
            self._policy_set, self._policies, self._topology = tried = policy_set, policies, topology
            report = await self._send(configs, forget=change.forget)
            if report.rejections:
                self._policy_set, self._policies, self._topology = before
                self._edge_ports.release(topology.edge_ports, self._topology.edge_ports)
                await self._follow_issuers(self._policies)
                await self._push()
            else:
                self._standing.note(names, report)
            self._refused = await self._blame(report.rejections, sources(names, policy_set, before[0]), tried)
        return ChangeReport(policies=tuple(names), push=report, refusals=self._refused, warnings=warnings)

    async def difference(self, change: PolicyChange) -> MeshDifference:
        """What the change would do; nothing is changed. Raises InvalidInputError and RunError."""
        async with self._one_at_a_time:
            policy_set, _, policies = await asyncio.to_thread(self._read, change)
            credentials = await asyncio.to_thread(self._credentials, policies)
            # A port that would be opened is not taken for that.
            edge_ports = self._edge_ports.imagine(self._topology.edge_ports, policies)
            topology = replace(self._topology, edge_ports=edge_ports, credentials=credentials)
            old = await self._compiler.compile(self._topology, self._policy_set, self._policies)
            new = await self._compiler.compile(topology, policy_set, policies)
            before = Compiled(policy_set=self._policy_set, policies=self._policies, configs=old)
            after = Compiled(policy_set=policy_set, policies=policies, configs=new)
            return await asyncio.to_thread(compare, before, after)

    def _read(self, change: PolicyChange) -> tuple[PolicySet, list[PolicyName], Policies]:
        policy_set, names = change.apply_to(self._policy_set, self.application.namespace)
        return policy_set, names, self._compiler.check(policy_set, self.application)

    def _credentials(self, policies: Policies) -> tuple[Credential, ...]:
        return read_credentials(self._secrets, self.application, policies)

    def _rejections(self) -> list[Rejection]:
        return [found for one in self._topology.workloads for found in self._control.rejections(one.name)]

    async def _blame_standing(
        self, rejections: Iterable[Rejection], names: Iterable[PolicyName] | None = None
    ) -> tuple[Refusal, ...]:
        """Suspects the policies named, or all there are."""
        suspects = sources(self._policy_set.names if names is None else names, self._policy_set)
        return await self._blame(rejections, suspects, (self._policy_set, self._policies, self._topology))

    async def _blame(
        self, rejections: Iterable[Rejection], suspects: Iterable[Source], told: tuple[PolicySet, Policies, Topology]
    ) -> tuple[Refusal, ...]:
        """`told` is what the refused configuration comes of."""
        policy_set, policies, topology = told

        async def compile_without(gone: Collection[PolicyName]) -> Mapping[str, ProxyConfig]:
            return await self._compiler.compile(topology, policy_set.without(gone), policies.without(gone))

        return await blame(rejections, suspects, compile_without)

    async def open_forward(self, forward: Forward) -> Forward:
        """Opens a port with a workload's identity; port 0 takes a free one. Raises RunError."""
        port = self._ports.claim(forward.listen_port, "--listen") if forward.listen_port else self._ports.allocate()
        opened = replace(forward, listen_port=port)
        async with self._one_at_a_time:
            self._topology = replace(self._topology, forwards=(*self._topology.forwards, opened))
            await self._push()
        return opened

    async def close_forward(self, forward: Forward) -> None:
        async with self._one_at_a_time:
            remaining = tuple(one for one in self._topology.forwards if one != forward)
            self._topology = replace(self._topology, forwards=remaining)
            await self._push()
        self._ports.release(forward.listen_port)

    async def add_workloads(self, workloads: tuple[Workload, ...]) -> None:
        """For the supervisor: admits proxies that are about to start."""
        for workload in workloads:
            self._control.admit(workload)
        async with self._one_at_a_time:
            self._topology = replace(self._topology, workloads=(*self._topology.workloads, *workloads))
            await self._push()

    async def remove_workload(self, workload: Workload) -> None:
        """For the supervisor: forgets a proxy that has ended."""
        self._control.dismiss(workload.name)
        async with self._one_at_a_time:
            remaining = tuple(one for one in self._topology.workloads if one.name != workload.name)
            self._topology = replace(self._topology, workloads=remaining)
            await self._push()

    async def set_ready(self, workload: Workload, ready: bool) -> None:
        """For the supervisor: lets a workload take traffic, or none any more.

        Those that get ready while proxies are being told are told of together: many start at once.
        """
        self._ready = self._ready | {workload.name} if ready else self._ready - {workload.name}
        async with self._one_at_a_time:
            if self._topology.ready != self._ready:
                self._topology = replace(self._topology, ready=self._ready)
                await self._push()

    async def _follow_issuers(self, policies: Policies) -> Mapping[KeySource, str]:
        """The keys there are for the tokens these policies take, from now on looked after."""
        await self._key_sets.follow(self._compiler.fetched_keys(policies, self.application))
        return self._key_sets.known

    async def _push_key_sets(self) -> None:
        async with self._one_at_a_time:
            self._topology = replace(self._topology, key_sets=self._key_sets.known)
            await self._push()

    async def _push(self) -> PushReport:
        return await self._send(await self._compiler.compile(self._topology, self._policy_set, self._policies))

    async def _send(self, configs: Mapping[str, ProxyConfig], *, forget: bool = False) -> PushReport:
        report = await self._control.push(self._connections.mark(configs))
        changed = self._connections.note(self._topology.workloads, configs)
        if forget:
            self._connections.renew(service.host for service in self.application.services)
        if not changed and not forget:
            return report
        renewed = await self._control.push(self._connections.mark(configs))
        return renewed.after(report)
