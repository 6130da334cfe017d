"""How certificates are asked for.

The mesh's own come by the incremental protocol its authority speaks. Files, which Istio's agent would hand to a proxy
under names of its own, are read by the proxy itself.
"""

from envoy.config.core.v3.base_pb2 import TransportSocket
from envoy.config.core.v3.config_source_pb2 import ApiConfigSource
from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import SdsSecretConfig
from envoy.extensions.transport_sockets.tls.v3.tls_pb2 import CommonTlsContext, DownstreamTlsContext, UpstreamTlsContext

ROOT_FILE = "file-root:"
CERTIFICATE_FILES = "file-cert:"
SYSTEM = "system"
SYSTEM_ROOTS = "/etc/ssl/certs/ca-certificates.crt"


def ask_as_here(socket: TransportSocket) -> None:
    """Leaves sockets without TLS as they are."""
    for context in (UpstreamTlsContext(), DownstreamTlsContext()):
        if socket.typed_config.Unpack(context):
            _read_files(context.common_tls_context)
            for secret in _secrets(context.common_tls_context):
                if secret.sds_config.HasField("api_config_source"):
                    secret.sds_config.api_config_source.api_type = ApiConfigSource.DELTA_GRPC
            socket.typed_config.Pack(context, deterministic=True)


def _read_files(context: CommonTlsContext) -> None:
    """`file-root:PATH`, `file-cert:CERTIFICATE~KEY` (Istio `security.SdsCertificateConfig`)."""
    root = context.combined_validation_context.validation_context_sds_secret_config.name
    if root.startswith(ROOT_FILE):
        known = context.combined_validation_context.default_validation_context
        path = root.removeprefix(ROOT_FILE)
        known.trusted_ca.filename = SYSTEM_ROOTS if path == SYSTEM else path
        context.validation_context.CopyFrom(known)
    for secret in list(context.tls_certificate_sds_secret_configs):
        if secret.name.startswith(CERTIFICATE_FILES):
            certificate, _, key = secret.name.removeprefix(CERTIFICATE_FILES).partition("~")
            pair = context.tls_certificates.add()
            pair.certificate_chain.filename, pair.private_key.filename = certificate, key
            context.tls_certificate_sds_secret_configs.remove(secret)


def _secrets(context: CommonTlsContext) -> list[SdsSecretConfig]:
    found = list(context.tls_certificate_sds_secret_configs)
    if context.HasField("validation_context_sds_secret_config"):
        found.append(context.validation_context_sds_secret_config)
    combined = context.combined_validation_context
    if combined.HasField("validation_context_sds_secret_config"):
        found.append(combined.validation_context_sds_secret_config)
    return found
