"""Mutual TLS contexts. Certificates come by SDS: `default` is the workload's own, `ROOTCA` the mesh's trust bundle."""

from envoy.config.core.v3.base_pb2 import TransportSocket
from envoy.config.core.v3.config_source_pb2 import V3, ApiConfigSource, ConfigSource
from envoy.config.core.v3.grpc_service_pb2 import GrpcService
from envoy.extensions.transport_sockets.raw_buffer.v3.raw_buffer_pb2 import RawBuffer
from envoy.extensions.transport_sockets.tls.v3.common_pb2 import (
    CertificateValidationContext,
    SubjectAltNameMatcher,
    TlsParameters,
)
from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import SdsSecretConfig
from envoy.extensions.transport_sockets.tls.v3.tls_pb2 import CommonTlsContext, DownstreamTlsContext, UpstreamTlsContext
from envoy.type.matcher.v3.string_pb2 import StringMatcher

from loopmesh.compile.messages import pack
from loopmesh.model.mesh_settings import MeshSettings, TlsVersion

MESH_ALPN = "istio"
"""What a sidecar offers first, so that a permissive server can tell the mesh from other TLS."""
SECRETS_CLUSTER = "sds-grpc"
TLS = "envoy.transport_sockets.tls"
IDENTITY = (SubjectAltNameMatcher.URI,)
ANY_KIND = (SubjectAltNameMatcher.DNS, SubjectAltNameMatcher.URI, SubjectAltNameMatcher.IP_ADDRESS)
VERSIONS = {TlsVersion.V1_2: TlsParameters.TLSv1_2, TlsVersion.V1_3: TlsParameters.TLSv1_3}
CLIENT_PARAMETERS = TlsParameters(
    tls_minimum_protocol_version=TlsParameters.TLSv1_2, tls_maximum_protocol_version=TlsParameters.TLSv1_3
)
"""Envoy's own maximum for clients is 1.2, Istio's 1.3."""
SERVER_CIPHERS = (
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
    "AES128-GCM-SHA256",
)
"""What a server takes below TLS 1.3 unless the mesh config names others, in Istio's order (`SupportedCiphers`)."""


def _secret(name: str) -> SdsSecretConfig:
    service = GrpcService(envoy_grpc=GrpcService.EnvoyGrpc(cluster_name=SECRETS_CLUSTER))
    api = ApiConfigSource(api_type=ApiConfigSource.DELTA_GRPC, transport_api_version=V3, grpc_services=[service])
    return SdsSecretConfig(name=name, sds_config=ConfigSource(api_config_source=api, resource_api_version=V3))


def _context(alpn: list[str], peers: tuple[str, ...]) -> CommonTlsContext:
    known = CertificateValidationContext(match_typed_subject_alt_names=name_matchers(peers))
    return CommonTlsContext(
        tls_params=CLIENT_PARAMETERS,
        alpn_protocols=alpn,
        tls_certificate_sds_secret_configs=[_secret("default")],
        combined_validation_context=CommonTlsContext.CombinedCertificateValidationContext(
            default_validation_context=known, validation_context_sds_secret_config=_secret("ROOTCA")
        ),
    )


def name_matchers(names: tuple[str, ...]) -> list[SubjectAltNameMatcher]:
    """Any of the names suffices; one that is no SPIFFE identity may be of any kind."""
    return [
        SubjectAltNameMatcher(san_type=kind, matcher=StringMatcher(exact=name))
        for name in names
        for kind in (IDENTITY if name.startswith("spiffe://") else ANY_KIND)
    ]


def mutual_tls(servers: tuple[str, ...], server_name: str, *, http2: bool) -> TransportSocket:
    """The client side: shows the caller's certificate and accepts only the servers' identities."""
    alpn = [MESH_ALPN, "h2"] if http2 else [MESH_ALPN]
    context = UpstreamTlsContext(common_tls_context=_context(alpn, servers), sni=server_name)
    return TransportSocket(name=TLS, typed_config=pack(context))


def downstream_tls(settings: MeshSettings) -> TransportSocket:
    """The server side: any identity of the mesh may connect, but it must show one. It alone sets version and ciphers,
    as in Istio (`BuildInboundTLS`)."""
    context = DownstreamTlsContext(common_tls_context=mesh_certificates())
    known = context.common_tls_context.combined_validation_context.default_validation_context
    for domain in settings.trust_domains:
        ours = StringMatcher(prefix=f"spiffe://{domain}/")
        known.match_typed_subject_alt_names.add(san_type=SubjectAltNameMatcher.URI, matcher=ours)
    parameters = TlsParameters(
        tls_minimum_protocol_version=VERSIONS[settings.mutual_tls.oldest_version],
        tls_maximum_protocol_version=TlsParameters.TLSv1_3,
        cipher_suites=settings.mutual_tls.cipher_suites or SERVER_CIPHERS,
    )
    context.common_tls_context.tls_params.CopyFrom(parameters)
    context.require_client_certificate.value = True
    return TransportSocket(name=TLS, typed_config=pack(context))


def mesh_certificates() -> CommonTlsContext:
    """The workload's own certificate, and any of the mesh for clients."""
    return _context(["h2", "http/1.1"], ())


def plaintext() -> TransportSocket:
    return TransportSocket(name="envoy.transport_sockets.raw_buffer", typed_config=pack(RawBuffer()))
