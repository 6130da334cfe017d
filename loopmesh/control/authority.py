"""The mesh's certificate authority: a root, and short-lived X.509-SVIDs (SPIFFE X509-SVID.md) for workloads."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from loopmesh.control.report import ControlError
from loopmesh.model.identity import Identity

ROOT_TTL_S = 10 * 365 * 24 * 3600
LEAF_TTL_S = 3600
CLOCK_SKEW_S = 60
"""Certificates are valid from a little before they are made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A leaf with its key, both PEM. Times are seconds since the epoch."""

    chain_pem: bytes
    key_pem: bytes
    issued_at_s: float
    expires_at_s: float


class CertificateAuthority:
    """Signs for anybody who asks in process; the control plane decides who may have which identity."""

    def __init__(
        self, root: x509.Certificate, key: ec.EllipticCurvePrivateKey, clock: Callable[[], float], ttl_s: float
    ) -> None:
        self._root = root
        self._key = key
        self._clock = clock
        self.ttl_s = ttl_s
        self.trust_domain = _trust_domain(root)

    @classmethod
    def create(cls, trust_domain: str, clock: Callable[[], float], ttl_s: float = LEAF_TTL_S) -> "CertificateAuthority":
        """A new root with a new key, kept in memory only."""
        key = ec.generate_private_key(ec.SECP256R1())
        return cls(_root_certificate(trust_domain, key, clock()), key, clock, ttl_s)

    @classmethod
    def load_or_create(
        cls, folder: Path, trust_domain: str, clock: Callable[[], float], ttl_s: float = LEAF_TTL_S
    ) -> "CertificateAuthority":
        """The root kept in `folder` (`root.pem`, `root.key`, readable by the owner only), made on first use, and anew
        for another trust domain.

        Raises ControlError when the files are not what was written.
        """
        certificate, key = folder / "root.pem", folder / "root.key"
        if not (certificate.exists() and key.exists()):
            authority = cls.create(trust_domain, clock, ttl_s)
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write_private(key, _key_pem(authority._key))
            _write_private(certificate, authority.root_pem)
            return authority
        try:
            root = x509.load_pem_x509_certificate(certificate.read_bytes())
            loaded = serialization.load_pem_private_key(key.read_bytes(), password=None)
        except ValueError as error:
            raise ControlError(
                f"{folder} holds no certificate authority: {error}; delete it to get a new one"
            ) from error
        if not isinstance(loaded, ec.EllipticCurvePrivateKey) or loaded.public_key() != root.public_key():
            raise ControlError(f"{key} is not the key of {certificate}; delete {folder} to get a new authority")
        if _trust_domain(root) != trust_domain:
            certificate.unlink()
            return cls.load_or_create(folder, trust_domain, clock, ttl_s)
        return cls(root, loaded, clock, ttl_s)

    @property
    def root_pem(self) -> bytes:
        """The trust bundle."""
        return self._root.public_bytes(serialization.Encoding.PEM)

    def own(self, identity: Identity) -> Identity:
        """The same in the authority's trust domain."""
        return replace(identity, trust_domain=self.trust_domain)

    def issue(self, identity: Identity) -> Certificate:
        """One URI name, not an authority, key usage critical (X509-SVID sections 2 to 4)."""
        now = self._clock()
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(x509.Name([]), self._root.subject, key, now, self.ttl_s)
        names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(identity.spiffe_id)])
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        usages = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
        certificate = (
            builder.add_extension(names, critical=True)  # critical because the subject is empty (RFC 5280, 4.2.1.6)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(usages, critical=False)
            .add_extension(issuer, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return Certificate(
            chain_pem=certificate.public_bytes(serialization.Encoding.PEM),
            key_pem=_key_pem(key),
            issued_at_s=now,
            expires_at_s=now + self.ttl_s,
        )


def _root_certificate(trust_domain: str, key: ec.EllipticCurvePrivateKey, now: float) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, trust_domain)])
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(f"spiffe://{trust_domain}")])
    return (
        _builder(name, name, key, now, ROOT_TTL_S)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(names, critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _trust_domain(root: x509.Certificate) -> str:
    """Of the one URI among its names (X509-SVID section 3.1)."""
    names = root.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    (uri,) = names.get_values_for_type(x509.UniformResourceIdentifier)
    return uri.removeprefix("spiffe://")


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: float, ttl_s: float
) -> x509.CertificateBuilder:
    start = datetime.datetime.fromtimestamp(now, datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - datetime.timedelta(seconds=CLOCK_SKEW_S))
        .not_valid_after(start + datetime.timedelta(seconds=ttl_s))
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    form, encryption = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, encryption)


def _write_private(path: Path, content: bytes) -> None:
    """Whole or not at all, and never readable by others."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600, exist_ok=False)
    draft.write_bytes(content)
    draft.replace(path)
