"""Where a call arrives: a destination with the share it gets, and each instance behind it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.listener.v3.listener_pb2 import Listener

from loopmesh.simulate.client_tls import ClientTls, client_tls
from loopmesh.simulate.cluster import ClusterFacts, cluster_facts
from loopmesh.simulate.endpoint import Endpoint, called_host, endpoints
from loopmesh.simulate.fraction import ALL
from loopmesh.simulate.inbound import Inbound, simulate_inbound
from loopmesh.simulate.opening import unknown_opening
from loopmesh.simulate.part import Part
from loopmesh.simulate.proxy import Proxy
from loopmesh.simulate.request import Request
from loopmesh.simulate.stream import Connection
from loopmesh.simulate.verdict import Verdict

DEFAULT_PANIC_PERCENT = 50
CALLED_NAMES = "envoy.clusters.dynamic_forward_proxy"
"""Such a cluster has no instances of its own: each name is looked up when it is called."""
FindListener = Callable[[Endpoint], tuple[Proxy, Listener] | None]
"""The listener at an endpoint and whose it is; None when that proxy's configuration is not at hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """`tls` is None on plaintext; `inbound` None where the connection already fails on the caller's side, or may."""

    endpoint: Endpoint
    workload: str
    percent: float
    verdict: Verdict
    tls: ClientTls | None
    spiffe_id: str = ""
    inbound: Inbound | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """A destination that `percent` of the calls go to; `cluster` None where the proxy has none of this name."""

    name: str
    percent: float
    request: Request
    cluster: ClusterFacts | None
    endpoints: tuple[Endpoint, ...] = ()
    instances: tuple[Instance, ...] = ()
    """Those that take calls."""
    unknown: tuple[Part, ...] = ()
    """What is not simulated of how connections to instances of the mesh are opened."""


def simulate_landing(
    caller: Proxy, name: str, percent: float, request: Request, find_listener: FindListener
) -> Landing:
    """A destination by its name; `percent` of the calls go there. Raises NotSimulatedError."""
    cluster = caller.cluster(name)
    if cluster is None:
        return Landing(name=name, percent=percent, request=request, cluster=None)
    is_looked_up = cluster.cluster_type.name == CALLED_NAMES
    known = (called_host(request.authority),) if is_looked_up else tuple(endpoints(caller.assignment(cluster)))
    chosen = _taking_calls(cluster, known)
    total = sum(one.weight for one in chosen)
    instances = [
        _instance(caller, cluster, one, percent * one.weight / total, request, find_listener) for one in chosen
    ]
    in_mesh = (one.endpoint for one in instances if one.inbound is not None)
    unknown = dict.fromkeys(part for endpoint in in_mesh for part in unknown_opening(cluster, endpoint))
    if unknown:
        instances = [replace(one, verdict=Verdict.UNFORESEEN, inbound=None, problem="") for one in instances]
    return Landing(
        name=name,
        percent=percent,
        request=request,
        cluster=cluster_facts(cluster),
        endpoints=known,
        instances=tuple(instances),
        unknown=tuple(unknown),
    )


def _taking_calls(cluster: Cluster, known: tuple[Endpoint, ...]) -> list[Endpoint]:
    """Healthy ones; all of them when fewer are healthy than the panic threshold says."""
    healthy = [one for one in known if one.healthy]
    settings = cluster.common_lb_config
    has_threshold = settings.HasField("healthy_panic_threshold")
    threshold = settings.healthy_panic_threshold.value if has_threshold else DEFAULT_PANIC_PERCENT
    panics = bool(known) and ALL * len(healthy) / len(known) < threshold
    return list(known) if panics else healthy


def _instance(
    caller: Proxy, cluster: Cluster, endpoint: Endpoint, percent: float, request: Request, find_listener: FindListener
) -> Instance:
    tls = client_tls(cluster, endpoint)
    found = find_listener(endpoint)
    if found is None:
        verdict = Verdict.UNKNOWN if endpoint.workload else Verdict.LEAVES
        return Instance(endpoint=endpoint, workload=endpoint.workload, percent=percent, verdict=verdict, tls=tls)
    server, listener = found
    connection = Connection(
        tls=tls is not None or request.is_own_tls,
        peer=caller.spiffe_id if tls and tls.shows_identity else "",
        server_name=tls.server_name if tls else request.server_name,
        protocols=tls.protocols if tls else request.plain_protocols,
        port=endpoint.port,
        local_ip=endpoint.address,
    )
    inbound = simulate_inbound(server, listener, connection, request)
    verdict, problem = inbound.verdict, inbound.problem
    if tls is not None and not problem and not tls.accepts(server.spiffe_id):
        verdict, problem = Verdict.REFUSED, f"the caller expects {' or '.join(tls.expected)}"
    return Instance(
        endpoint=endpoint,
        workload=server.name,
        percent=percent,
        verdict=verdict,
        tls=tls,
        spiffe_id=server.spiffe_id,
        inbound=inbound,
        problem=problem,
    )
