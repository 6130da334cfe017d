"""Who may talk to whom, and how they prove who they are (Istio's PeerAuthentication and AuthorizationPolicy)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from loopmesh.model.policy import Source, WorkloadSelector


class PeerMode(StrEnum):
    """What a sidecar accepts: mutual TLS only, both, or plaintext only. Istio's default is PERMISSIVE."""

    STRICT = "STRICT"
    PERMISSIVE = "PERMISSIVE"
    DISABLE = "DISABLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerAuthentication:
    """`mode` None inherits (workload from namespace from mesh); the mesh-wide one lives in the root namespace.
    `port_modes` are by the workload's port number and count only with a selector."""

    source: Source
    selector: WorkloadSelector
    mode: PeerMode | None = None
    port_modes: Mapping[int, PeerMode] = field(default_factory=dict)


class Verdict(StrEnum):
    ALLOW = "ALLOW"
    DENY = "DENY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls: all non-empty fields must hold, one value of each suffices; values may start or end with `*`.
    Principals are `cluster.local/ns/shop/sa/orders`."""

    principals: tuple[str, ...] = ()
    not_principals: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    not_namespaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What is called, by the same rules. `methods` are HTTP methods (POST for gRPC), `paths` without the query."""

    hosts: tuple[str, ...] = ()
    not_hosts: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    not_ports: tuple[int, ...] = ()
    methods: tuple[str, ...] = ()
    not_methods: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    not_paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRule:
    """Holds when one caller and one operation hold; an empty list holds for all."""

    callers: tuple[Caller, ...] = ()
    operations: tuple[Operation, ...] = ()
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationPolicy:
    """No rules: never matches, so an ALLOW policy without rules denies everything it selects."""

    source: Source
    selector: WorkloadSelector
    verdict: Verdict
    rules: tuple[AuthorizationRule, ...] = ()
