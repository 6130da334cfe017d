"""Whether PEM texts are what they should be, before Envoy is asked to take them."""

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key


def certificates_problem(pem: bytes) -> str | None:
    """What is wrong with a text of one or more certificates."""
    try:
        x509.load_pem_x509_certificates(pem)
    except ValueError:
        return "it holds no certificate in PEM"
    return None


def pair_problem(chain: bytes, key: bytes) -> str | None:
    """What is wrong with a certificate chain, its own first, and its key."""
    if problem := certificates_problem(chain):
        return problem
    try:
        public = load_pem_private_key(key, password=None).public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return "it holds no unencrypted private key in PEM"
    own = x509.load_pem_x509_certificates(chain)[0].public_key()
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return None if own.public_bytes(*form) == public.public_bytes(*form) else "the key is not the certificate's"


def revocation_problem(pem: bytes) -> str | None:
    try:
        x509.load_pem_x509_crl(pem)
    except ValueError:
        return "it holds no revocation list in PEM"
    return None
