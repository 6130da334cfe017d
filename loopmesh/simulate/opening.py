"""What of a cluster decides how its connections are opened and is not simulated: an EnvoyFilter has put it in."""

from collections.abc import Iterator

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.core.v3.base_pb2 import TransportSocket
from envoy.extensions.transport_sockets.raw_buffer.v3.raw_buffer_pb2 import RawBuffer
from envoy.extensions.transport_sockets.tls.v3.common_pb2 import TlsParameters
from envoy.extensions.transport_sockets.tls.v3.tls_pb2 import CommonTlsContext, UpstreamTlsContext
from envoy.extensions.upstreams.http.v3.http_protocol_options_pb2 import HttpProtocolOptions
from google.protobuf.message import Message

from loopmesh.model.patch import Target
from loopmesh.simulate.client_tls import IDENTITY, chosen_socket
from loopmesh.simulate.endpoint import Endpoint
from loopmesh.simulate.part import Part
from loopmesh.simulate.proxy import unpack

AUTHORITIES = "ROOTCA"
"""The secret that holds the mesh's."""
HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
HANDS_ON = "envoy.filters.http.upstream_codec"
PLAINTEXT = "envoy.transport_sockets.raw_buffer"
NEWEST = (TlsParameters.TLS_AUTO, TlsParameters.TLSv1_3)
KNOWN = {
    UpstreamTlsContext: {"common_tls_context", "sni", "max_session_keys", "allow_renegotiation"},
    CommonTlsContext: {
        "tls_params",
        "alpn_protocols",
        "tls_certificates",
        "tls_certificate_sds_secret_configs",
        "validation_context",
        "combined_validation_context",
    },
}
"""What of TLS is looked at, or changes nothing about who is met."""


def unknown_opening(cluster: Cluster, endpoint: Endpoint) -> Iterator[Part]:
    """For connections to an instance."""
    for says in (*_of_cluster(cluster), *_of_socket(chosen_socket(cluster, endpoint))):
        yield Part(target=Target.CLUSTER, name=cluster.name, says=says)


def _of_cluster(cluster: Cluster) -> Iterator[str]:
    if cluster.filters:
        yield f"filter {cluster.filters[0].name} of connections to it"
    options = (
        unpack(cluster.typed_extension_protocol_options[HTTP_OPTIONS], HttpProtocolOptions)
        if (HTTP_OPTIONS in cluster.typed_extension_protocol_options)
        else None
    )
    filters = [one.name for one in options.http_filters if one.name != HANDS_ON] if options else []
    if filters:
        yield f"filter {filters[0]} of requests to it"


def _of_socket(socket: TransportSocket) -> Iterator[str]:
    if not socket.HasField("typed_config"):
        is_plain = socket.name in ("", PLAINTEXT)
    else:
        is_plain = unpack(socket.typed_config, RawBuffer) is not None
    context = unpack(socket.typed_config, UpstreamTlsContext)
    if is_plain:
        return
    if context is None:
        yield f"transport socket {socket.name or socket.typed_config.TypeName()}"
        return
    for message in (context, context.common_tls_context):
        yield from (f"`{name}` of TLS" for name in _unknown(message))
    yield from _of_certificates(context.common_tls_context)


def _unknown(message: Message) -> Iterator[str]:
    known = KNOWN[type(message)]
    yield from (field.name for field, _ in message.ListFields() if field.name not in known)


def _of_certificates(common: CommonTlsContext) -> Iterator[str]:
    """Who shows its identity takes servers of the mesh only, unless somebody has changed the one or the other."""
    if common.tls_params.tls_maximum_protocol_version not in NEWEST:
        yield "an older version of TLS"
    shown = [one.name for one in common.tls_certificate_sds_secret_configs]
    if len(shown) + len(common.tls_certificates) > 1:
        yield "several certificates of the caller"
    trusted = common.combined_validation_context.validation_context_sds_secret_config.name
    if IDENTITY in shown and trusted != AUTHORITIES:
        yield "TLS that does not ask the mesh's authorities"
