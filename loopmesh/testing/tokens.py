"""Tokens (JWT, RFC 7519) for tests: an issuer with a key of its own, and whatever it is made to say."""

import base64
import json
import time
from collections.abc import Mapping, Sequence

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

KEY_ID = "test"
COORDINATE_BYTES = 32
Claim = str | int | bool | Sequence[str] | Mapping[str, object]


class TokenIssuer:
    """Signs with ES256 (RFC 7518). `issuer` and `jwks` are what a RequestAuthentication asks for."""

    def __init__(self, issuer: str = "https://issuer.example") -> None:
        self.issuer = issuer
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def jwks(self) -> str:
        """The issuer's public key as a JSON Web Key Set (RFC 7517)."""
        numbers = self._key.public_key().public_numbers()
        point = {"x": _number(numbers.x), "y": _number(numbers.y)}
        return json.dumps({"keys": [{"kty": "EC", "crv": "P-256", "alg": "ES256", "kid": KEY_ID, **point}]})

    def token(self, *, expires_in_s: float = 3600, **claims: Claim) -> str:
        """A signed token with these claims; a time below 0 makes one that has expired already."""
        now = int(time.time())
        said = {"iss": self.issuer, "iat": now, "exp": int(now + expires_in_s), **claims}
        signed = f"{_json({'alg': 'ES256', 'typ': 'JWT', 'kid': KEY_ID})}.{_json(said)}"
        r, s = decode_dss_signature(self._key.sign(signed.encode(), ec.ECDSA(SHA256())))
        return f"{signed}.{_number(r, s)}"

    def bearer(self, *, expires_in_s: float = 3600, **claims: Claim) -> dict[str, str]:
        """Such a token as the header of a call."""
        return {"authorization": f"Bearer {self.token(expires_in_s=expires_in_s, **claims)}"}


def _json(value: object) -> str:
    return _text(json.dumps(value, separators=(",", ":")).encode())


def _number(*numbers: int) -> str:
    return _text(b"".join(number.to_bytes(COORDINATE_BYTES, "big") for number in numbers))


def _text(content: bytes) -> str:
    """base64url without padding (RFC 7515)."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
