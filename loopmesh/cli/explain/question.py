"""What is asked about a call, as the words of the command line become a request."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPMethod

import click

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.callee import find_callee
from loopmesh.cli.calling import find_method
from loopmesh.cli.client import split_target
from loopmesh.cli.errors import CommandError
from loopmesh.simulate import Request
from loopmesh.simulate.request import STREAM, TLS

PATH = re.compile(r"/[!-~]*")
METHODS = {
    *HTTPMethod,
    "ACL",
    "BIND",
    "CHECKOUT",
    "COPY",
    "LINK",
    "LOCK",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MOVE",
    "NOTIFY",
    "PROPFIND",
    "PROPPATCH",
    "PURGE",
    "REBIND",
    "REPORT",
    "SEARCH",
    "SOURCE",
    "SUBSCRIBE",
    "UNBIND",
    "UNLINK",
    "UNLOCK",
    "UNSUBSCRIBE",
} - {HTTPMethod.CONNECT}
"""What Envoy's parser of HTTP/1.1 takes, without CONNECT, for which Istio has no route."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """`method` is a gRPC method, a path, TCP or TLS; `verb` is that of HTTP for a path, `server_name` that of TLS."""

    target: str
    method: str
    verb: str
    headers: Mapping[str, str]
    server_name: str = ""

    def request(self, status: admin_pb2.GetStatusResponse, namespace: str) -> Request:
        """`namespace` is the caller's. Raises UsageError, CommandError."""
        service, _ = split_target(self.target)
        if self.method in (STREAM, TLS):
            name = (self.server_name or service) if self.method == TLS else ""
            return Request(authority=self.target, path="", method=self.method, server_name=name)
        now = time.time()
        if self.method.startswith("/"):
            _check_line(self.verb, self.method)
            return Request(
                authority=self.target, path=self.method, method=self.verb, headers=self.headers, made_at_s=now
            )
        return Request.grpc(self.target, self._path(status, namespace), self.headers, now)

    def _path(self, status: admin_pb2.GetStatusResponse, namespace: str) -> str:
        """By reflection, as `mesh call` finds it; a full name needs nobody to answer."""
        if "/" in self.method:
            return f"/{self.method}"
        callee = find_callee(status, self.target, namespace)
        if callee.takes_no_grpc:
            said = f"port {callee.port_name} of {self.target} takes no gRPC, by its name"
            raise click.UsageError(f"{said}; name a path of HTTP that begins with `/`, or TCP or TLS for a connection")
        try:
            return find_method(callee.workload.application_target, self.method).path
        except LookupError as error:
            raise click.UsageError(str(error.args[0])) from error
        except ConnectionError as error:
            raise CommandError(f"{error}; name the method in full, as package.Service/{self.method}") from error


def _check_line(verb: str, path: str) -> None:
    """A proxy answers 400 to what is no request line. Raises UsageError."""
    if verb not in METHODS:
        remedy = f"write {verb.upper()}" if verb.upper() in METHODS else "use one of HTTP, such as GET or POST"
        raise click.UsageError(f"-X {verb}: proxies take no such method; {remedy}")
    if PATH.fullmatch(path) is None or "#" in path:
        raise click.UsageError(f"path {path!r}: proxies take plain ASCII without `#` and spaces; write others as %XX")
