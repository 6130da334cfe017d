"""Certificates that the edge shows to the outside, and the authorities it trusts there."""

from dataclasses import dataclass, field

from loopmesh.model.problem import Origin

AUTHORITY_SUFFIX = "-cacert"
"""`shop-cacert` may hold the authorities that go with `shop`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """PEM texts; those that are not given are empty. `revoked` is a list of revoked certificates."""

    name: str
    namespace: str
    chain: bytes = b""
    key: bytes = field(default=b"", repr=False)
    authorities: bytes = b""
    revoked: bytes = b""
    origin: Origin
