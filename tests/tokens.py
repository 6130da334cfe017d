"""JSON Web Tokens of a test's own issuer, signed with ES256 (RFC 7515, RFC 7518 section 3.4)."""

import base64
import json
import time
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

COORDINATE_BYTES = 32


@dataclass(frozen=True, slots=True)
class Issuer:
    """Has one key, which is made with it."""

    name: str
    key_id: str = "one"
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def key_set(self) -> str:
        """What it publishes."""
        numbers = self.key.public_key().public_numbers()
        key = {"kty": "EC", "crv": "P-256", "alg": "ES256", "kid": self.key_id}
        return json.dumps({"keys": [{**key, "x": _number(numbers.x), "y": _number(numbers.y)}]})

    def token(self, subject: str = "ada", *, valid_s: int = 3600, **claims: object) -> str:
        head = {"alg": "ES256", "kid": self.key_id, "typ": "JWT"}
        payload = {"iss": self.name, "sub": subject, "exp": int(time.time()) + valid_s, **claims}
        signed = f"{_text(head)}.{_text(payload)}"
        r, s = decode_dss_signature(self.key.sign(signed.encode(), ec.ECDSA(SHA256())))
        return f"{signed}.{_encode(r.to_bytes(COORDINATE_BYTES, 'big') + s.to_bytes(COORDINATE_BYTES, 'big'))}"


def _text(value: object) -> str:
    return _encode(json.dumps(value).encode())


def _number(value: int) -> str:
    return _encode(value.to_bytes(COORDINATE_BYTES, "big"))


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
