"""Where the instances of a host are that a policy has added (Istio `convertResolution`, `buildCluster`)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.core.v3.address_pb2 import Address, Pipe
from envoy.config.core.v3.health_check_pb2 import HEALTHY
from envoy.config.endpoint.v3.endpoint_components_pb2 import Endpoint, LbEndpoint, LocalityLbEndpoints
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment

from loopmesh.compile.called_names import called_name_cluster
from loopmesh.compile.destinations.client_tls import TLS_MODE
from loopmesh.compile.index import MeshIndex
from loopmesh.compile.messages import duration
from loopmesh.compile.peer_mode import peer_mode
from loopmesh.compile.sockets import loopback
from loopmesh.model.added_host import AddedEndpoint, AddedHost, Resolution
from loopmesh.model.application import Port
from loopmesh.model.destinations.client_tls import TlsMode
from loopmesh.model.security import PeerMode

UNIX = "unix://"
REFRESH_MS = 60_000
JITTER_MS = 100
TLS_LABEL = "security.istio.io/tlsMode"
LOOKED_UP = {Resolution.NAME: Cluster.STRICT_DNS, Resolution.NAME_ROUND_ROBIN: Cluster.LOGICAL_DNS}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Instance:
    """An endpoint as policies select it."""

    namespace: str
    labels: Mapping[str, str]


def look_up(
    index: MeshIndex, cluster: Cluster, added: AddedHost, port: Port, labels: Mapping[str, str], said: TlsMode | None
) -> None:
    """Lets the proxy find the instances by name; `said` is what the caller's rule says of TLS."""
    if added.resolution is Resolution.CALLED_NAME:
        cluster.MergeFrom(called_name_cluster())
        return
    cluster.type = LOOKED_UP[added.resolution]
    cluster.dns_lookup_family = Cluster.V4_ONLY
    cluster.dns_refresh_rate.CopyFrom(duration(REFRESH_MS))
    cluster.dns_jitter.CopyFrom(duration(JITTER_MS))
    cluster.respect_dns_ttl = True
    # A subset's connections go on as all others do, whatever its labels.
    cluster.load_assignment.CopyFrom(
        assignment(index, cluster.name, added, port, {} if added.goes_on else labels, said)
    )


def assignment(
    index: MeshIndex, name: str, added: AddedHost, port: Port, labels: Mapping[str, str], said: TlsMode | None
) -> ClusterLoadAssignment:
    """The endpoints the policy names; without any the host itself, if it is looked up."""
    found = ClusterLoadAssignment(cluster_name=name)
    endpoints = list(_endpoints(index, added, port, labels, said))
    if endpoints:
        weight = sum(one.load_balancing_weight.value for one in endpoints)
        found.endpoints.append(LocalityLbEndpoints(lb_endpoints=endpoints))
        found.endpoints[0].load_balancing_weight.value = weight
    return found


def _endpoints(
    index: MeshIndex, added: AddedHost, port: Port, labels: Mapping[str, str], said: TlsMode | None
) -> Iterator[LbEndpoint]:
    named = added.endpoints or ((AddedEndpoint(address=added.host),) if added.resolution in LOOKED_UP else ())
    for one in named:
        if labels.items() <= one.labels.items():
            endpoint = LbEndpoint(endpoint=Endpoint(address=_address(added, port, one)), health_status=HEALTHY)
            endpoint.load_balancing_weight.value = one.weight or 1
            if _takes_mutual(index, added, port, one, said):
                endpoint.metadata.filter_metadata["envoy.transport_socket_match"].update({TLS_MODE: "istio"})
            yield endpoint


def _takes_mutual(
    index: MeshIndex, added: AddedHost, port: Port, endpoint: AddedEndpoint, said: TlsMode | None
) -> bool:
    """What its label says, or its account, unless the rule says another mode, or without a rule the policy that selects
    it by its labels (Istio `checkMtlsEnabled`)."""
    if endpoint.labels.get(TLS_LABEL, "istio" if endpoint.service_account else "") != "istio":
        return False
    if said is not None:
        return said is TlsMode.ISTIO_MUTUAL
    instance = _Instance(namespace=added.namespace, labels=endpoint.labels)
    return peer_mode(index, instance, added.target(port, endpoint)) is not PeerMode.DISABLE


def _address(added: AddedHost, port: Port, endpoint: AddedEndpoint) -> Address:
    if endpoint.address.startswith(UNIX):
        return Address(pipe=Pipe(path=endpoint.address.removeprefix(UNIX)))
    return loopback(added.target(port, endpoint), endpoint.address)
