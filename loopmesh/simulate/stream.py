"""A request inside one proxy: the request, the connection it came on, and what filters have found out about it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from loopmesh.simulate.request import Request

LOOPBACK = "127.0.0.1"
PARAMETERS = re.compile(r";[^/]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """`peer` is the SPIFFE identity the other side has shown, empty on plaintext; `port` the one it has dialled."""

    tls: bool = False
    peer: str = ""
    server_name: str = ""
    protocols: tuple[str, ...] = ()
    """What the client offers by ALPN."""
    port: int = 0
    remote_ip: str = LOOPBACK
    client_ip: str = LOOPBACK
    """The first client's, as far as the proxy believes what the headers say of it."""
    local_ip: str = LOOPBACK


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """The call of gRPC that a request of REST has become by `rule`, as in `GET /v1/{name=products/*}`."""

    request: Request
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """`metadata` is Envoy's dynamic metadata: what a filter has said, by the filter's name. `ignores_parameters` when
    the routes say so: authorization then ignores them, too."""

    request: Request
    connection: Connection = Connection()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    ignores_parameters: bool = False
    translation: Translation | None = None

    @property
    def path(self) -> str:
        """What conditions on the path see: no query, and nothing from the first `;` on where parameters are ignored."""
        path = self.request.bare_path
        return PARAMETERS.sub("", path) if self.ignores_parameters else path

    def saying(self, name: str, said: Mapping[str, Any]) -> "Stream":
        """The same stream once the filter `name` has said something more."""
        before = self.metadata.get(name, {})
        return replace(self, metadata={**self.metadata, name: {**before, **said}})
