"""A mesh that is compiled and not run: calls are simulated in it.

Enters: values and policies. Leaves: what would become of a call. All instances are ready, but for those named.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from envoy.config.listener.v3.listener_pb2 import Listener

from loopmesh.compile import AppliedPatch, applied_patches, compile_mesh, token_sources
from loopmesh.compile.rendering import assumed_topology
from loopmesh.policies import PolicySet, check_policies, read_application, read_files
from loopmesh.simulate import (
    Call,
    Landing,
    Proxy,
    Request,
    Verdict,
    simulate_arrival,
    simulate_call,
    simulate_connection,
)
from loopmesh.simulate.endpoint import Endpoint
from loopmesh.simulate.origin import Rule

REPOSITORY = Path(__file__).parents[2]
LAB_VALUES = Path(__file__).parent / "values.yaml"


@dataclass(frozen=True, slots=True)
class CompiledMesh:
    """`proxies`, and the `patches` that have had a hand in them, by the names of their workloads."""

    proxies: Mapping[str, Proxy]
    patches: Mapping[str, tuple[AppliedPatch, ...]]

    @classmethod
    def read(cls, values: Path, policies: PolicySet, unready: Iterable[str] = ()) -> "CompiledMesh":
        application = read_application(values)
        checked = check_policies(policies, application)
        topology = assumed_topology(application, checked)
        topology = replace(topology, ready=topology.ready - set(unready))
        configs = compile_mesh(topology, checked)
        token_rules = token_sources(checked, topology.workloads)
        proxies = {
            one.name: Proxy(
                name=one.name,
                spiffe_id=one.identity.spiffe_id,
                resources=configs[one.name].resources(),
                token_rules={
                    name: Rule(policy=source.policy, place=source.place)
                    for name, source in token_rules[one.name].items()
                },
            )
            for one in topology.workloads
        }
        return cls(proxies, {one.name: tuple(applied_patches(checked, one)) for one in topology.workloads})

    def call(self, caller: str, request: Request) -> Call:
        """A call by an instance (`orders-v1-0`), or the first instance of a service (`orders`)."""
        if request.is_stream:
            return simulate_connection(self.proxy(caller), request, self.find)
        _, _, port = request.authority.partition(":")
        return simulate_call(self.proxy(caller), request, int(port or 80), self.find)

    def arrival(self, gateway: str, request: Request) -> Call:
        """A request that comes from outside to the gateway's server on the authority's port."""
        proxy = self.proxy(gateway)
        _, _, port = request.authority.partition(":")
        listener = next(one for one in proxy.listeners() if one.name == f"gateway|{port or 80}")
        return simulate_arrival(proxy, listener, request, self.find)

    def grpc(self, caller: str, authority: str, path: str, **headers: str) -> Call:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.call(caller, Request.grpc(authority, path, named))

    def get(self, caller: str, authority: str, path: str, **headers: str) -> Call:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.call(caller, Request(authority=authority, path=path, headers=named))

    def proxy(self, name: str) -> Proxy:
        return next(proxy for found, proxy in self.proxies.items() if found == name or found.startswith(f"{name}-"))

    def find(self, endpoint: Endpoint) -> tuple[Proxy, Listener] | None:
        proxy = self.proxies.get(endpoint.workload)
        listeners = proxy.listeners() if proxy else ()
        listener = next((one for one in listeners if _is_at(one, endpoint)), None)
        return (proxy, listener) if proxy and listener else None


def _is_at(listener: Listener, endpoint: Endpoint) -> bool:
    bound = listener.address.socket_address
    return (bound.address, bound.port_value) == (endpoint.address, endpoint.port)


def shop(*changes: str) -> CompiledMesh:
    """The bundled shop, with policies added or replaced."""
    files = read_files([REPOSITORY / "istio"])
    return _mesh(REPOSITORY / "helm/shop/values.yaml", files, changes, ())


def lab(*policies: str, mesh_config: str = "", unready: Iterable[str] = ()) -> CompiledMesh:
    """The small application of the tests of this folder, with these policies."""
    return _mesh(LAB_VALUES, [("meshconfig.yaml", mesh_config.encode())], policies, unready)


def _mesh(values: Path, files: list[tuple[str, bytes]], changes: Iterable[str], unready: Iterable[str]) -> CompiledMesh:
    namespace = read_application(values).namespace
    newer = PolicySet.parse([(f"{number}.yaml", text.encode()) for number, text in enumerate(changes)], namespace)
    return CompiledMesh.read(values, PolicySet.parse(files, namespace).merged(newer), unready)


def shares(call: Call) -> dict[str, float]:
    """Where the calls go, in percent: the instances they reach, or what becomes of them."""
    found: dict[str, float] = {}
    for outcome in call.outcomes:
        key = outcome.workload if outcome.verdict is Verdict.REACHES else str(outcome.verdict)
        found[key] = round(found.get(key, 0) + outcome.percent, 6)
    return found


def landing(call: Call) -> Landing:
    """The only destination of a call."""
    (only,) = call.landings
    return only
