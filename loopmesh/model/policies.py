"""The set of all policies a mesh runs with."""

from dataclasses import dataclass

from loopmesh.model.edge import Gateway, GatewayFilter
from loopmesh.model.routing import Routing
from loopmesh.model.security import AuthorizationPolicy, PeerAuthentication
from loopmesh.model.traffic import DestinationRule

ROOT_NAMESPACE = "istio-system"
"""Policies of this namespace hold for the whole mesh, as in Istio's default mesh config."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """Each tuple in the order read: Istio orders by creation time, here by file and document."""

    routings: tuple[Routing, ...] = ()
    destination_rules: tuple[DestinationRule, ...] = ()
    peer_authentications: tuple[PeerAuthentication, ...] = ()
    authorization_policies: tuple[AuthorizationPolicy, ...] = ()
    gateways: tuple[Gateway, ...] = ()
    gateway_filters: tuple[GatewayFilter, ...] = ()
