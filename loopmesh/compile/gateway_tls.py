"""How the edge ends TLS (Istio `BuildListenerTLSContext`), and the certificates it shows."""

from collections.abc import Iterator

from envoy.config.core.v3.base_pb2 import TransportSocket
from envoy.extensions.transport_sockets.tls.v3.common_pb2 import (
    CertificateValidationContext,
    TlsParameters,
)
from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import Secret
from envoy.extensions.transport_sockets.tls.v3.tls_pb2 import CommonTlsContext, DownstreamTlsContext
from envoy.type.matcher.v3.string_pb2 import StringMatcher

from loopmesh.compile.credentials import authority_secrets, certificate_secrets, named_secret
from loopmesh.compile.gateway_servers import open_ports
from loopmesh.compile.index import MeshIndex
from loopmesh.compile.messages import pack
from loopmesh.compile.tls import TLS, mesh_certificates
from loopmesh.model.credential import AUTHORITY_SUFFIX
from loopmesh.model.server_tls import ServerTls, ServerTlsMode, ServerTlsVersion
from loopmesh.model.topology import Workload

ALPN = ("h2", "http/1.1")
VERSIONS = {
    ServerTlsVersion.V1_0: TlsParameters.TLSv1_0,
    ServerTlsVersion.V1_1: TlsParameters.TLSv1_1,
    ServerTlsVersion.V1_2: TlsParameters.TLSv1_2,
    ServerTlsVersion.V1_3: TlsParameters.TLSv1_3,
}


def server_tls(tls: ServerTls) -> TransportSocket:
    """Certificates come with the rest of the configuration, under Istio's names."""
    context = DownstreamTlsContext(common_tls_context=_certificates(tls))
    context.require_client_certificate.value = tls.mode in (ServerTlsMode.MUTUAL, ServerTlsMode.MESH)
    return TransportSocket(name=TLS, typed_config=pack(context))


def gateway_secrets(index: MeshIndex, workload: Workload) -> dict[str, Secret]:
    """What the servers name and the namespace has, by resource name."""
    secrets: dict[str, Secret] = {}
    for tls in _opened(index, workload):
        for name in tls.credentials:
            secrets |= certificate_secrets(index, workload, name)
        if tls.mode.checks_clients:
            secrets |= authority_secrets(index, workload, tls.credentials[0])
    return secrets


def _opened(index: MeshIndex, workload: Workload) -> Iterator[ServerTls]:
    for servers in open_ports(index, workload).values():
        for one in servers:
            if one.server.tls is not None:
                yield one.server.tls


def _certificates(tls: ServerTls) -> CommonTlsContext:
    if tls.mode is ServerTlsMode.MESH:
        context = mesh_certificates()
        context.ClearField("tls_params")  # Istio leaves them to Envoy here, whose versions are the same
        _hold_clients(context.combined_validation_context.default_validation_context, tls)
        return context
    named = map(named_secret, tls.credentials)
    context = CommonTlsContext(alpn_protocols=ALPN, tls_certificate_sds_secret_configs=named)
    context.tls_params.CopyFrom(_parameters(tls))
    if tls.mode.checks_clients:
        combined = context.combined_validation_context
        combined.validation_context_sds_secret_config.CopyFrom(named_secret(tls.credentials[0] + AUTHORITY_SUFFIX))
        _hold_clients(combined.default_validation_context, tls)
    return context


def _parameters(tls: ServerTls) -> TlsParameters:
    parameters = TlsParameters(cipher_suites=tls.ciphers)
    if tls.oldest is not None:
        parameters.tls_minimum_protocol_version = VERSIONS[tls.oldest]
    if tls.newest is not None:
        parameters.tls_maximum_protocol_version = VERSIONS[tls.newest]
    return parameters


def _hold_clients(context: CertificateValidationContext, tls: ServerTls) -> None:
    """Istio fills the older of Envoy's two fields for names, which holds for names of every kind."""
    context.match_subject_alt_names.extend(StringMatcher(exact=name) for name in tls.client_names)
    context.verify_certificate_spki.extend(tls.client_key_pins)
    context.verify_certificate_hash.extend(tls.client_hashes)
    if tls.accepts_untrusted:
        context.trust_chain_verification = CertificateValidationContext.ACCEPT_UNTRUSTED
