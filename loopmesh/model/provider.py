"""Whom the mesh asks or tells about a call besides its service, by the names policies use (extension providers)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from loopmesh.model.problem import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestBody:
    """How much of a request's body an authorizer sees; what is longer is cut off (`partial`) or refused with 413."""

    max_bytes: int
    partial: bool = False
    as_bytes: bool = False
    """Raw instead of as text; for gRPC authorizers only."""


class AuthorizerProtocol(StrEnum):
    GRPC = "grpc"
    HTTP = "http"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderPassing:
    """Which headers an HTTP authorizer sees and which of its own are passed on; names may start or end with `*`."""

    to_authorizer: tuple[str, ...] = ()
    added_for_authorizer: Mapping[str, str] = field(default_factory=dict)
    to_service_on_allow: tuple[str, ...] = ()
    to_caller_on_allow: tuple[str, ...] = ()
    to_caller_on_deny: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorizer:
    """A service that decides about calls (Envoy's ext_authz). `service` is a full host, perhaps after `namespace/`.

    `path_prefix` and `headers` are for HTTP only. `timeout_ms` None is Istio's 600 s.
    """

    name: str
    protocol: AuthorizerProtocol
    service: str
    port: int
    timeout_ms: int | None = None
    allow_on_failure: bool = False
    status_on_failure: int | None = None
    body: RequestBody | None = None
    path_prefix: str = ""
    headers: HeaderPassing = HeaderPassing()
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanCollector:
    """Takes spans by OTLP. Where it is reached in the cluster is not known here: locally the mesh itself takes them."""

    name: str
    longest_path_tag: int | None = None
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFormat:
    """Lines of `text`, or JSON objects with `labels` (values may nest); empty is Istio's default of its form."""

    is_json: bool = False
    text: str = ""
    labels: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFile:
    """A file a proxy writes a line to for every call. Without a format Istio's own, or the mesh's if it is built in."""

    name: str
    path: str = "/dev/stdout"
    format: LogFormat | None = None
    omit_empty_values: bool = False
    origin: Origin | None = None


Provider = Authorizer | SpanCollector | LogFile
