"""How a caller's sidecar opens connections."""

from dataclasses import dataclass
from enum import StrEnum


class TlsMode(StrEnum):
    """ISTIO_MUTUAL shows the workload's own certificate, MUTUAL one from files, SIMPLE none."""

    DISABLE = "DISABLE"
    SIMPLE = "SIMPLE"
    MUTUAL = "MUTUAL"
    ISTIO_MUTUAL = "ISTIO_MUTUAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTls:
    """Files are paths on this machine; with `credential`, the name of a secret, certificate and authorities are its.
    Without either the machine's own authorities are trusted.

    An empty `server_name` is the mesh's for ISTIO_MUTUAL, and the host called for the others; without `server_names`
    the certificate must be for the service's accounts, or for the host called.
    """

    mode: TlsMode
    certificate: str = ""
    private_key: str = ""
    authorities: str = ""
    revoked: str = ""
    server_name: str = ""
    server_names: tuple[str, ...] = ()
    unverified: bool = False
    credential: str = ""

    @property
    def shows_certificate(self) -> bool:
        """Whether it shows one that is not the workload's own."""
        return self.mode is TlsMode.MUTUAL
