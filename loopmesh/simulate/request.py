"""A request, as the program hands it to its proxy."""

from collections.abc import Mapping
from dataclasses import dataclass, field

GRPC = "application/grpc"
STREAM = "TCP"
TLS = "TLS"
"""They stand for the method of what is no request but a stream of bytes, plain or the program's own TLS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`path` holds the query, too; header names are lower case, several values of one name are joined by commas."""

    authority: str
    path: str
    method: str = "GET"
    scheme: str = "http"
    headers: Mapping[str, str] = field(default_factory=dict)
    made_at_s: float = 0.0
    """When, in seconds since the epoch; tokens are valid for a time."""
    server_name: str = ""
    """The one a program asks for in TLS of its own."""

    @classmethod
    def grpc(
        cls, authority: str, path: str, headers: Mapping[str, str] | None = None, made_at_s: float = 0.0
    ) -> "Request":
        """A gRPC call of `/package.Service/Method`."""
        always = {"content-type": GRPC, "te": "trailers"}
        return cls(
            authority=authority, path=path, method="POST", headers={**always, **(headers or {})}, made_at_s=made_at_s
        )

    @property
    def is_stream(self) -> bool:
        """Bytes in which no proxy sees requests."""
        return self.method in (STREAM, TLS)

    @property
    def is_own_tls(self) -> bool:
        """A program speaks TLS itself; proxies see the server's name and nothing else of it."""
        return self.method == TLS

    @property
    def is_grpc(self) -> bool:
        """By its content type, as Envoy tells (`Grpc::Common::hasGrpcContentType`)."""
        kind = self.headers.get("content-type", "")
        return kind == GRPC or kind.startswith((f"{GRPC}+", f"{GRPC};"))

    @property
    def plain_protocols(self) -> tuple[str, ...]:
        """What Envoy's HTTP inspector calls the protocol of the request on a connection without TLS."""
        if self.is_stream:
            return ()
        return ("h2c",) if self.is_grpc else ("http/1.1",)

    @property
    def bare_path(self) -> str:
        """Without query and fragment."""
        return self.path.partition("?")[0].partition("#")[0]

    @property
    def query(self) -> str:
        return self.path.partition("?")[2].partition("#")[0]

    def header(self, name: str) -> str | None:
        """A header or pseudo-header (`:path`); None where there is none."""
        pseudo = {":authority": self.authority, ":path": self.path, ":method": self.method, ":scheme": self.scheme}
        return pseudo.get(name.lower(), self.headers.get(name.lower()))
