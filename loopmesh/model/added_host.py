"""Hosts that policies add to those the values file has (Istio's ServiceEntry)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from loopmesh.model.application import Port, Service, short_names
from loopmesh.model.identity import Identity
from loopmesh.model.policy import Source, WorkloadSelector
from loopmesh.model.visibility import Visibility


class Resolution(StrEnum):
    """Where a host's instances are: known already, all addresses of a name, one of them at a time, or, for a wildcard,
    at whatever name is called."""

    STATIC = "STATIC"
    NAME = "NAME"
    NAME_ROUND_ROBIN = "NAME_ROUND_ROBIN"
    CALLED_NAME = "CALLED_NAME"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedEndpoint:
    """An instance: an IP address, a name, or `unix:///path`; `ports` by the name of the host's port. One with a service
    account speaks the mesh's mutual TLS."""

    address: str
    ports: Mapping[str, int] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    weight: int | None = None
    service_account: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedHost:
    """A host outside the mesh, or with `in_mesh` one of it; with a selector its instances are those workloads.

    `targets` are the instances' ports by the host's, where they differ. `server_names` are whom a certificate of it
    must be for. `ranges` of addresses are captured on a cluster; here connections are told apart by the port that is
    dialled. With `goes_on` Istio lets a connection go on to the address its program has looked up, which a gateway
    cannot.
    """

    source: Source
    host: str
    ports: tuple[Port, ...]
    targets: Mapping[int, int] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()
    ranges: tuple[str, ...] = ()
    resolution: Resolution
    goes_on: bool = False
    endpoints: tuple[AddedEndpoint, ...] = ()
    in_mesh: bool = False
    server_names: tuple[str, ...] = ()
    visibility: Visibility | None = None
    selector: WorkloadSelector | None = None

    @property
    def namespace(self) -> str:
        return self.source.policy.namespace

    @property
    def name(self) -> str:
        return self.host

    @property
    def is_known(self) -> bool:
        """Whether its instances are told to the proxies one by one, as those of a service are."""
        return self.resolution is Resolution.STATIC or self.selector is not None

    @property
    def is_balanced(self) -> bool:
        """Whether a sidecar chooses among instances; else the program has, or the name that is called decides."""
        return not self.goes_on and self.resolution is not Resolution.CALLED_NAME

    @property
    def has_no_instances(self) -> bool:
        """Whether every call says where it goes; a host whose connections go on counts as one instance to Istio."""
        return self.resolution is Resolution.CALLED_NAME and not self.goes_on

    def names_from(self, namespace: str) -> tuple[str, ...]:
        """Every spelling by which callers of a namespace call it: a name of the cluster's domain has the short ones of
        a service (Istio `GenerateAltVirtualHosts`), and an IPv6 address stands in brackets."""
        addresses = (f"[{one}]" if ":" in one else one for one in self.addresses)
        return (self.host, *short_names(self.host, namespace), *addresses)

    def target(self, port: Port, endpoint: AddedEndpoint | None = None) -> int:
        """The instance's port (Istio `convertWorkloadInstanceToServiceInstance`); without an endpoint that of the
        workloads selected."""
        named = endpoint.ports.get(port.name) if endpoint else None
        return named or self.targets.get(port.number, port.number)

    def account(self, endpoint: AddedEndpoint) -> Identity | None:
        """Who an instance is, if it is somebody of the mesh."""
        if not endpoint.service_account:
            return None
        return Identity(namespace=self.namespace, service_account=endpoint.service_account)


Called = Service | AddedHost
"""Whatever can be called by a name."""
