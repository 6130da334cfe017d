"""What holds for the mesh as a whole (Istio's mesh config): defaults that policies override, and names they use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from loopmesh.model.destinations.connection_pool import ConnectionPool, TcpKeepalive
from loopmesh.model.destinations.outlier_detection import OutlierDetection
from loopmesh.model.identity import TRUST_DOMAIN
from loopmesh.model.outbound_policy import PASSED_ON, OutboundPolicy
from loopmesh.model.policy import PolicyName, Source, WorkloadSelector
from loopmesh.model.problem import Origin
from loopmesh.model.provider import LogFile, LogFormat, Provider
from loopmesh.model.routes.retry import Retry
from loopmesh.model.span_tag import SpanTag

MESH_CONFIG = PolicyName(kind="MeshConfig", namespace="istio-system", name="istio")
"""As istiod looks for it in a cluster."""
UNSAID = Source(policy=MESH_CONFIG, origin=Origin(file="", line=0))
"""Of settings that nobody wrote."""
BUILT_IN_LOG = "envoy"
"""Istio's built-in log provider: standard output, in the mesh's own format."""


class PathNormalization(StrEnum):
    """What is done to a path before anything looks at it, each with all of those before it."""

    NONE = "NONE"
    BASE = "BASE"
    MERGE_SLASHES = "MERGE_SLASHES"
    DECODE_AND_MERGE_SLASHES = "DECODE_AND_MERGE_SLASHES"


class TlsVersion(StrEnum):
    V1_2 = "TLSV1_2"
    V1_3 = "TLSV1_3"


@dataclass(frozen=True, slots=True, kw_only=True)
class TracingDefaults:
    """`sampling_percent` None: not said. `istio_tags` are those Istio puts on every span."""

    enabled: bool = True
    sampling_percent: float | None = None
    tags: tuple[SpanTag, ...] = ()
    istio_tags: bool = True
    longest_path_tag: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MutualTls:
    """How sidecars secure what they say to each other."""

    oldest_version: TlsVersion = TlsVersion.V1_2
    cipher_suites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultVisibility:
    """Which namespaces see what does not say so itself: `*`, `.`, `~` (none) or names."""

    services: tuple[str, ...] = ("*",)
    routings: tuple[str, ...] = ("*",)
    destination_rules: tuple[str, ...] = ("*",)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficDefaults:
    """For calls of which no policy says it. `http2_upgrade`: over HTTP/2 to ports that are named for HTTP/1."""

    connection_pool: ConnectionPool | None = None
    outlier_detection: OutlierDetection | None = None
    tcp_keepalive: TcpKeepalive | None = None
    http2_upgrade: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshSettings:
    """Every default is Istio's. `retry` None is Istio's default retry; `log_file` empty means no log."""

    source: Source = UNSAID
    root_namespace: str = "istio-system"
    trust_domain: str = TRUST_DOMAIN
    trust_domain_aliases: tuple[str, ...] = ()
    retry: Retry | None = None
    connect_timeout_ms: int = 10_000
    outbound: OutboundPolicy = PASSED_ON
    traffic: TrafficDefaults = TrafficDefaults()
    path_normalization: PathNormalization = PathNormalization.BASE
    visibility: DefaultVisibility = DefaultVisibility()
    mutual_tls: MutualTls = MutualTls()
    auto_mutual_tls: bool = True
    tracing: TracingDefaults = TracingDefaults()
    log_file: str = ""
    log_format: LogFormat = field(default_factory=LogFormat)
    providers: Mapping[str, Provider] = field(default_factory=lambda: {BUILT_IN_LOG: LogFile(name=BUILT_IN_LOG)})
    default_tracing: tuple[str, ...] = ()
    default_logging: tuple[str, ...] = ()

    @property
    def trust_domains(self) -> tuple[str, ...]:
        """The mesh's own and its other names."""
        return (self.trust_domain, *self.trust_domain_aliases)

    def provider(self, name: str) -> Provider | None:
        """By its name, whatever its case (Istio `fetchProvider`)."""
        wanted = name.casefold()
        return next((one for known, one in self.providers.items() if known.casefold() == wanted), None)

    def reaches(self, selector: WorkloadSelector, namespace: str, labels: Mapping[str, str]) -> bool:
        """Whether a policy selects a workload; one of the root namespace selects in every namespace."""
        in_scope = selector.namespace in (self.root_namespace, namespace)
        return in_scope and selector.labels.items() <= labels.items()
