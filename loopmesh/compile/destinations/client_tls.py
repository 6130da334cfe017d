"""How connections to a destination are secured (Istio `buildUpstreamClusterTLSContext`)."""

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.core.v3.base_pb2 import DataSource, TransportSocket
from envoy.extensions.transport_sockets.tls.v3.common_pb2 import (
    CertificateValidationContext,
    TlsCertificate,
)
from envoy.extensions.transport_sockets.tls.v3.tls_pb2 import CommonTlsContext, UpstreamTlsContext
from google.protobuf.struct_pb2 import Struct

from loopmesh.compile.credentials import named_secret
from loopmesh.compile.messages import pack
from loopmesh.compile.tls import CLIENT_PARAMETERS, TLS, mutual_tls, name_matchers, plaintext
from loopmesh.model.credential import AUTHORITY_SUFFIX
from loopmesh.model.destinations.client_tls import ClientTls, TlsMode

TLS_MODE = "tlsMode"
MACHINE_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
"""Whom the machine trusts, where Istio's own image has it."""


def secure(
    cluster: Cluster, tls: ClientTls | None, *, identities: tuple[str, ...], server_name: str, http2: bool
) -> None:
    """`identities` are those of the service's instances, `server_name` is the mesh's name of the destination; they
    count for mutual TLS of the mesh where the policy does not say others."""
    if tls is None:
        _meet_each_as_it_wants(cluster, mutual_tls(identities, server_name, http2=http2))
    elif tls.mode is TlsMode.ISTIO_MUTUAL:
        names, own = tls.server_names or identities, tls.server_name or server_name
        cluster.transport_socket.CopyFrom(mutual_tls(names, own, http2=http2))
    elif tls.mode is not TlsMode.DISABLE:
        cluster.transport_socket.CopyFrom(originate_tls(tls, http2=http2))


def _meet_each_as_it_wants(cluster: Cluster, mutual: TransportSocket) -> None:
    """Istio's auto mTLS."""
    accepts = Struct()
    accepts.update({TLS_MODE: "istio"})
    match = Cluster.TransportSocketMatch
    cluster.transport_socket_matches.append(match(name="tlsMode-istio", match=accepts, transport_socket=mutual))
    cluster.transport_socket_matches.append(match(name="tlsMode-disabled", transport_socket=plaintext()))


def originate_tls(tls: ClientTls, *, http2: bool) -> TransportSocket:
    """TLS as anybody's client would speak it, with a certificate of its own for MUTUAL."""
    common = CommonTlsContext(tls_params=CLIENT_PARAMETERS, alpn_protocols=["h2"] if http2 else [])
    if tls.credential:
        _use_secrets(common, tls)
    else:
        _use_files(common, tls)
    context = UpstreamTlsContext(common_tls_context=common, sni=tls.server_name)
    return TransportSocket(name=TLS, typed_config=pack(context))


def _use_files(common: CommonTlsContext, tls: ClientTls) -> None:
    if tls.shows_certificate:
        certificate = TlsCertificate(certificate_chain=_file(tls.certificate), private_key=_file(tls.private_key))
        common.tls_certificates.append(certificate)
    common.validation_context.CopyFrom(_validation(tls))


def _use_secrets(common: CommonTlsContext, tls: ClientTls) -> None:
    """Istio `ApplyCustomSDSToClientCommonTLSContext`."""
    if tls.shows_certificate:
        common.tls_certificate_sds_secret_configs.append(named_secret(tls.credential))
    if not tls.unverified:
        combined = common.combined_validation_context
        combined.default_validation_context.match_typed_subject_alt_names.extend(name_matchers(tls.server_names))
        combined.validation_context_sds_secret_config.CopyFrom(named_secret(tls.credential + AUTHORITY_SUFFIX))


def _validation(tls: ClientTls) -> CertificateValidationContext:
    if tls.unverified:
        return CertificateValidationContext()
    context = CertificateValidationContext(trusted_ca=_file(tls.authorities or MACHINE_AUTHORITIES))
    context.match_typed_subject_alt_names.extend(name_matchers(tls.server_names))
    if tls.revoked:
        context.crl.CopyFrom(_file(tls.revoked))
    return context


def _file(path: str) -> DataSource:
    return DataSource(filename=path)
