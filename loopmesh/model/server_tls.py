"""How a server of the edge ends TLS."""

from dataclasses import dataclass
from enum import StrEnum


class ServerTlsMode(StrEnum):
    """Who shows a certificate: the server alone, both, or the client if it likes. MESH shows the mesh's own and asks
    for one of the mesh. PASSTHROUGH ends no TLS: connections are passed on as they are."""

    SIMPLE = "SIMPLE"
    MUTUAL = "MUTUAL"
    OPTIONAL_MUTUAL = "OPTIONAL_MUTUAL"
    MESH = "MESH"
    PASSTHROUGH = "PASSTHROUGH"

    @property
    def checks_clients(self) -> bool:
        return self in (ServerTlsMode.MUTUAL, ServerTlsMode.OPTIONAL_MUTUAL)


class ServerTlsVersion(StrEnum):
    V1_0 = "1.0"
    V1_1 = "1.1"
    V1_2 = "1.2"
    V1_3 = "1.3"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerTls:
    """`credentials` name certificates of the gateway workload's namespace, one a kind of key; the first also says whom
    clients' certificates come from.

    Clients are also held to `client_names` (exact subject alternative names), key pins (base64 of SHA-256) and
    certificate hashes (hexadecimal SHA-256), one of each sufficing.
    """

    mode: ServerTlsMode
    credentials: tuple[str, ...] = ()
    client_names: tuple[str, ...] = ()
    client_key_pins: tuple[str, ...] = ()
    client_hashes: tuple[str, ...] = ()
    accepts_untrusted: bool = False
    oldest: ServerTlsVersion | None = None
    newest: ServerTlsVersion | None = None
    ciphers: tuple[str, ...] = ()
