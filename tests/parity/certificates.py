"""Certificates of the laboratory: what its edge and its own TLS server show, and what callers may."""

import ssl
from pathlib import Path

from tests.certificates import Authority, write_secret

EDGE = ("shop.example.com", "partners.example.com")
CALLER = "friend.example.org"
SECURE = "secure.example.com"
AUTHORITY = "authority.pem"
REVOKED = "revoked.pem"
"""What the authority says of the certificate of the laboratory's TLS servers, for whoever looks."""


def write_certificates(folder: Path, secrets: Path) -> None:
    """`folder` is the laboratory's; a Secret is called as its host is."""
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


def caller_context(folder: Path, certificate: str) -> ssl.SSLContext:
    """Trusts the laboratory's authority; shows a certificate if one is named."""
    context = ssl.create_default_context(cafile=folder / AUTHORITY)
    if certificate:
        context.load_cert_chain(folder / f"{certificate}.pem")
    return context
