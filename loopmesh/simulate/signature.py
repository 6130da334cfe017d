"""Signatures of tokens (RFC 7515, RFC 7518): does a key of a set fit?"""

import base64
import hmac
import json
from collections.abc import Callable, Iterable
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

HASHES: dict[str, Callable[[], hashes.HashAlgorithm]] = {
    "256": hashes.SHA256,
    "384": hashes.SHA384,
    "512": hashes.SHA512,
}
CURVES: dict[str, Callable[[], ec.EllipticCurve]] = {
    "P-256": ec.SECP256R1,
    "P-384": ec.SECP384R1,
    "P-521": ec.SECP521R1,
}
FAMILIES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "HS": "oct", "Ed": "OKP"}
Key = dict[str, Any]


def decode(text: str) -> bytes:
    """Base64url without padding. Raises ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def has_key(key_set: str, head: Key) -> bool:
    """Whether a key of the set has the token's id and algorithm, where key and token say them."""
    return any(_is_named(key, head) for key in json.loads(key_set).get("keys", []))


def is_signed(key_set: str, head: Key, signed: bytes, signature: bytes) -> bool:
    """By any key of the set that may have made it."""
    return any(_fits(key, head, signed, signature) for key in _candidates(json.loads(key_set).get("keys", []), head))


def _candidates(keys: Iterable[Key], head: Key) -> Iterable[Key]:
    family = FAMILIES.get(str(head.get("alg", ""))[:2])
    return (key for key in keys if _is_named(key, head) and key.get("kty") == family)


def _is_named(key: Key, head: Key) -> bool:
    same_id = not head.get("kid") or not key.get("kid") or head["kid"] == key["kid"]
    return same_id and (not key.get("alg") or key["alg"] == str(head.get("alg", "")))


def _fits(key: Key, head: Key, signed: bytes, signature: bytes) -> bool:
    try:
        return _verify(key, str(head["alg"]), signed, signature)
    except (InvalidSignature, ValueError, KeyError):
        return False


def _verify(key: Key, algorithm: str, signed: bytes, signature: bytes) -> bool:
    family, size = algorithm[:2], algorithm[2:]
    if family == "Ed":
        ed25519.Ed25519PublicKey.from_public_bytes(decode(key["x"])).verify(signature, signed)
    elif family == "HS":
        return hmac.compare_digest(hmac.digest(decode(key["k"]), signed, f"sha{size}"), signature)
    elif family == "ES":
        half = len(signature) // 2
        numbers = int.from_bytes(signature[:half]), int.from_bytes(signature[half:])
        curve = ec.EllipticCurvePublicNumbers(_number(key["x"]), _number(key["y"]), CURVES[key["crv"]]())
        curve.public_key().verify(encode_dss_signature(*numbers), signed, ec.ECDSA(HASHES[size]()))
    else:
        hashed = HASHES[size]()
        pss = padding.PSS(padding.MGF1(hashed), padding.PSS.DIGEST_LENGTH)
        made = rsa.RSAPublicNumbers(_number(key["e"]), _number(key["n"])).public_key()
        made.verify(signature, signed, pss if family == "PS" else padding.PKCS1v15(), hashed)
    return True


def _number(text: str) -> int:
    return int.from_bytes(decode(text))
