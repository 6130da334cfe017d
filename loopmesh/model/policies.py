"""The set of all policies a mesh runs with."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any, Protocol

from loopmesh.model.added_host import AddedHost
from loopmesh.model.authorization import AuthorizationPolicy
from loopmesh.model.edge import Gateway
from loopmesh.model.mesh_settings import UNSAID, MeshSettings
from loopmesh.model.patch import Patch
from loopmesh.model.policy import PolicyName, Source
from loopmesh.model.problem import Problem
from loopmesh.model.routing import Routing
from loopmesh.model.security import PeerAuthentication
from loopmesh.model.sidecar import Sidecar
from loopmesh.model.telemetry import Telemetry
from loopmesh.model.token import RequestAuthentication
from loopmesh.model.traffic import DestinationRule


class Policy(Protocol):
    """What every policy has."""

    @property
    def source(self) -> Source: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """Each tuple in the order read: Istio orders by creation time, here by file and document."""

    settings: MeshSettings = field(default_factory=MeshSettings)
    routings: tuple[Routing, ...] = ()
    destination_rules: tuple[DestinationRule, ...] = ()
    peer_authentications: tuple[PeerAuthentication, ...] = ()
    request_authentications: tuple[RequestAuthentication, ...] = ()
    authorization_policies: tuple[AuthorizationPolicy, ...] = ()
    gateways: tuple[Gateway, ...] = ()
    sidecars: tuple[Sidecar, ...] = ()
    added_hosts: tuple[AddedHost, ...] = ()
    patches: tuple[Patch, ...] = ()
    telemetries: tuple[Telemetry, ...] = ()
    warnings: tuple[Problem, ...] = field(default=(), compare=False)
    """What is not as it should be with them, though it keeps nobody from using them."""

    def by_name(self) -> dict[PolicyName, list[Policy]]:
        """What each policy says; one may say several things. The mesh's settings are one if somebody wrote them."""
        source = self.settings.source
        found: dict[PolicyName, list[Policy]] = {} if source == UNSAID else {source.policy: [self.settings]}
        for _, several in self._kinds():
            for one in several:
                found.setdefault(one.source.policy, []).append(one)
        return found

    def without(self, names: Collection[PolicyName]) -> "Policies":
        """All but these."""
        kept: dict[str, Any] = {
            kind: tuple(one for one in several if one.source.policy not in names) for kind, several in self._kinds()
        }
        settings = MeshSettings() if self.settings.source.policy in names else self.settings
        return replace(self, settings=settings, **kept)

    def _kinds(self) -> Iterator[tuple[str, tuple[Policy, ...]]]:
        for kind in fields(self):
            if kind.compare and isinstance(value := getattr(self, kind.name), tuple):
                yield kind.name, value
