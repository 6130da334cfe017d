"""How the caller's proxy opens a connection to an instance."""

from dataclasses import dataclass

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.core.v3.base_pb2 import TransportSocket
from envoy.extensions.transport_sockets.tls.v3.common_pb2 import CertificateValidationContext
from envoy.extensions.transport_sockets.tls.v3.tls_pb2 import UpstreamTlsContext
from google.protobuf import json_format

from loopmesh.simulate.endpoint import Endpoint
from loopmesh.simulate.proxy import unpack
from loopmesh.simulate.text import matches_text

IDENTITY = "default"
"""The secret that holds the certificate a workload has from the mesh; any other is one that policies give it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTls:
    """`shows_identity` when that certificate goes along; `context` says whom it accepts."""

    server_name: str
    protocols: tuple[str, ...]
    shows_identity: bool
    context: UpstreamTlsContext

    def accepts(self, spiffe_id: str) -> bool:
        """Whether a server with this identity is one the caller expects; without expectations every one is."""
        matchers = _validation(self.context).match_typed_subject_alt_names
        return not matchers or any(matches_text(one.matcher, spiffe_id) for one in matchers)

    @property
    def expected(self) -> tuple[str, ...]:
        """The identities it accepts, as far as they are spelled out."""
        return tuple(one.matcher.exact for one in _validation(self.context).match_typed_subject_alt_names)


def client_tls(cluster: Cluster, endpoint: Endpoint) -> ClientTls | None:
    """None for plaintext."""
    return _context(chosen_socket(cluster, endpoint))


def chosen_socket(cluster: Cluster, endpoint: Endpoint) -> TransportSocket:
    """The first whose conditions the instance meets, else the cluster's own."""
    found = next((one.transport_socket for one in cluster.transport_socket_matches if _meets(one, endpoint)), None)
    return found or cluster.transport_socket


def _meets(match: Cluster.TransportSocketMatch, endpoint: Endpoint) -> bool:
    return json_format.MessageToDict(match.match).items() <= endpoint.transport.items()


def _context(socket: TransportSocket) -> ClientTls | None:
    context = unpack(socket.typed_config, UpstreamTlsContext)
    if context is None:
        return None
    common = context.common_tls_context
    return ClientTls(
        server_name=context.sni,
        protocols=tuple(common.alpn_protocols),
        shows_identity=any(one.name == IDENTITY for one in common.tls_certificate_sds_secret_configs),
        context=context,
    )


def _validation(context: UpstreamTlsContext) -> CertificateValidationContext:
    common = context.common_tls_context
    if common.HasField("combined_validation_context"):
        return common.combined_validation_context.default_validation_context
    return common.validation_context
