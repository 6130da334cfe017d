"""Certificates of the laboratory: what its edge and its own TLS server show, and what callers may.

Files of callers are called as a case's `certificate` is."""

import ssl
import time
from pathlib import Path

from loopmesh.control.authority import CertificateAuthority
from loopmesh.model.identity import TRUST_DOMAIN, Identity
from tests.certificates import Authority, write_secret

EDGE = ("shop.example.com", "partners.example.com")
CALLER = "friend.example.org"
SECURE = "secure.example.com"
AUTHORITY = "authority.pem"
REVOKED = "revoked.pem"
"""What the authority says of the certificate of the laboratory's TLS servers, for whoever looks."""
MEMBER = "spiffe:client"
"""The caller with a certificate of the mesh's own, as the sidecar of `client` has."""
MESH_AUTHORITY = "mesh.pem"


def write_certificates(folder: Path, state: Path) -> None:
    """`folder` is the laboratory's, `state` its mesh's before that begins. Secrets are called as their hosts are."""
    secrets = state / "secrets"
    authority = Authority()
    (folder / AUTHORITY).write_text(authority.pem)
    for host in EDGE:
        chain, key = authority.issue(host)
        write_secret(secrets, host, {"tls.crt": chain, "tls.key": key, "ca.crt": authority.pem})
    # Right for every name a caller's TLS may ask for, so that only routes can refuse one.
    chain, key = authority.issue("*.example.com")
    (folder / f"{SECURE}.pem").write_text(chain + key)
    (folder / REVOKED).write_text(authority.revoke(chain))
    for name, issuer in ((CALLER, authority), ("stranger", Authority())):
        (folder / f"{name}.pem").write_text("".join(issuer.issue(name)))
    mesh = CertificateAuthority.load_or_create(state / "ca", TRUST_DOMAIN, time.time)
    member = mesh.issue(Identity(namespace="lab", service_account="client"))
    (folder / f"{MEMBER}.pem").write_bytes(member.chain_pem + member.key_pem)
    (folder / MESH_AUTHORITY).write_bytes(mesh.root_pem)


def caller_context(folder: Path, certificate: str) -> ssl.SSLContext:
    """Trusts the laboratory's authority, or the mesh's for its member, whose servers have no names of hosts; shows a
    certificate if one is named."""
    context = ssl.create_default_context(cafile=folder / (MESH_AUTHORITY if certificate == MEMBER else AUTHORITY))
    context.check_hostname = certificate != MEMBER
    if certificate:
        context.load_cert_chain(folder / f"{certificate}.pem")
    return context
