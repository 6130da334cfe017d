"""How the edge ends TLS (Istio `BuildListenerTLSContext`), and the certificates it shows."""

from collections.abc import Iterator

from envoy.config.core.v3.base_pb2 import DataSource, TransportSocket
from envoy.extensions.transport_sockets.tls.v3.common_pb2 import (
    CertificateValidationContext,
    TlsCertificate,
    TlsParameters,
)
from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import SdsSecretConfig, Secret
from envoy.extensions.transport_sockets.tls.v3.tls_pb2 import CommonTlsContext, DownstreamTlsContext
from envoy.type.matcher.v3.string_pb2 import StringMatcher

from loopmesh.compile import names
from loopmesh.compile.cluster import ADS
from loopmesh.compile.gateway_servers import open_ports
from loopmesh.compile.index import MeshIndex
from loopmesh.compile.messages import pack
from loopmesh.compile.tls import TLS, mesh_certificates
from loopmesh.model.credential import AUTHORITY_SUFFIX, Credential
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
    """What the servers name and the namespace has, by resource name; authorities may lie beside their certificate."""
    known = {one.name: one for one in index.topology.credentials if one.namespace == workload.namespace}
    secrets: dict[str, Secret] = {}
    for tls in _opened(index, workload):
        for name in tls.credentials:
            if found := known.get(name):
                secrets[names.credential(name)] = _certificate(found)
        if tls.mode.checks_clients:
            first = tls.credentials[0]
            if found := known.get(first + AUTHORITY_SUFFIX) or known.get(first):
                secrets[names.credential(first + AUTHORITY_SUFFIX)] = _authorities(first + AUTHORITY_SUFFIX, found)
    return secrets


def _opened(index: MeshIndex, workload: Workload) -> Iterator[ServerTls]:
    for servers in open_ports(index, workload).values():
        for one in servers:
            if one.server.tls is not None:
                yield one.server.tls


def _certificates(tls: ServerTls) -> CommonTlsContext:
    if tls.mode is ServerTlsMode.MESH:
        context = mesh_certificates()
        _hold_clients(context.combined_validation_context.default_validation_context, tls)
        return context
    context = CommonTlsContext(alpn_protocols=ALPN, tls_certificate_sds_secret_configs=map(_named, tls.credentials))
    context.tls_params.CopyFrom(_parameters(tls))
    if tls.mode.checks_clients:
        combined = context.combined_validation_context
        combined.validation_context_sds_secret_config.CopyFrom(_named(tls.credentials[0] + AUTHORITY_SUFFIX))
        _hold_clients(combined.default_validation_context, tls)
    return context


def _named(name: str) -> SdsSecretConfig:
    return SdsSecretConfig(name=names.credential(name), sds_config=ADS)


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


def _certificate(credential: Credential) -> Secret:
    pair = TlsCertificate(
        certificate_chain=DataSource(inline_bytes=credential.chain), private_key=DataSource(inline_bytes=credential.key)
    )
    return Secret(name=names.credential(credential.name), tls_certificate=pair)


def _authorities(name: str, credential: Credential) -> Secret:
    context = CertificateValidationContext(trusted_ca=DataSource(inline_bytes=credential.authorities))
    if credential.revoked:
        context.crl.inline_bytes = credential.revoked
    return Secret(name=names.credential(name), validation_context=context)
