"""How certificates are asked for: by the incremental protocol the mesh's authority speaks, else as Istio says."""

from envoy.config.core.v3.base_pb2 import TransportSocket
from envoy.config.core.v3.config_source_pb2 import ApiConfigSource
from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import SdsSecretConfig
from envoy.extensions.transport_sockets.tls.v3.tls_pb2 import CommonTlsContext, DownstreamTlsContext, UpstreamTlsContext


def ask_for_changes_only(socket: TransportSocket) -> None:
    """Leaves sockets without mutual TLS as they are."""
    for context in (UpstreamTlsContext(), DownstreamTlsContext()):
        if socket.typed_config.Unpack(context):
            for secret in _secrets(context.common_tls_context):
                if secret.sds_config.HasField("api_config_source"):
                    secret.sds_config.api_config_source.api_type = ApiConfigSource.DELTA_GRPC
            socket.typed_config.Pack(context, deterministic=True)


def _secrets(context: CommonTlsContext) -> list[SdsSecretConfig]:
    found = list(context.tls_certificate_sds_secret_configs)
    if context.HasField("validation_context_sds_secret_config"):
        found.append(context.validation_context_sds_secret_config)
    combined = context.combined_validation_context
    if combined.HasField("validation_context_sds_secret_config"):
        found.append(combined.validation_context_sds_secret_config)
    return found
