"""Certificates that policies name, as secrets of a proxy."""

from envoy.config.core.v3.base_pb2 import DataSource
from envoy.extensions.transport_sockets.tls.v3.common_pb2 import CertificateValidationContext, TlsCertificate
from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import SdsSecretConfig, Secret

from loopmesh.compile import names
from loopmesh.compile.ads import ADS
from loopmesh.compile.index import MeshIndex
from loopmesh.model.credential import AUTHORITY_SUFFIX, Credential
from loopmesh.model.topology import Workload


def named_secret(name: str) -> SdsSecretConfig:
    """It comes with the rest of the configuration, under Istio's name."""
    return SdsSecretConfig(name=names.credential(name), sds_config=ADS)


def certificate_secrets(index: MeshIndex, workload: Workload, name: str) -> dict[str, Secret]:
    """The certificate of a name, if the workload's namespace has it."""
    found = _known(index, workload, name)
    return {names.credential(name): _certificate(found)} if found else {}


def authority_secrets(index: MeshIndex, workload: Workload, name: str) -> dict[str, Secret]:
    """Whom to trust by a name; it may lie beside the certificate."""
    own = name + AUTHORITY_SUFFIX
    found = _known(index, workload, own) or _known(index, workload, name)
    return {names.credential(own): _authorities(own, found)} if found else {}


def client_secrets(index: MeshIndex, workload: Workload) -> dict[str, Secret]:
    """What rules for this workload name, for connections it opens."""
    secrets: dict[str, Secret] = {}
    for rule in index.policies.destination_rules:
        if rule.selector is not None and rule.selector.selects(workload.namespace, workload.labels):
            for tls in rule.every_tls:
                if tls.credential:
                    secrets |= certificate_secrets(index, workload, tls.credential) if tls.shows_certificate else {}
                    secrets |= {} if tls.unverified else authority_secrets(index, workload, tls.credential)
    return secrets


def _known(index: MeshIndex, workload: Workload, name: str) -> Credential | None:
    known = (one for one in index.topology.credentials if one.namespace == workload.namespace)
    return next((one for one in known if one.name == name), None)


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
