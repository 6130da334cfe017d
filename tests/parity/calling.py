"""Makes the calls of a case as the workloads would: through their own sidecars, or at the edge."""

import http.client
import json
import re
import socket
import ssl
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import grpc

from tests.parity.case import Call
from tests.parity.certificates import caller_context
from tests.parity.observation import Observation
from tests.parity.tracing import request_id

DEADLINE_S = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a caller's requests leave: its sidecar's Unix socket, or the edge's `host:port`. `dialled` are TCP ports, and
    certificates lie in `folder`."""

    unix: Path | None = None
    address: str = ""
    dialled: dict[str, str]
    folder: Path


def make_call(call: Call, way: Way, number: int) -> Observation:
    """Waits for the end of it. The programs write down what arrived under the call's number."""
    kind, _, target = call.call.partition(" ")
    headers = {**call.headers, "x-lab-id": str(number)}
    if call.expect.trace:
        headers["x-request-id"] = request_id(call.draw, number)
    started = time.perf_counter()
    if kind == "GRPC":
        seen = _grpc(target, headers, call.body, way)
    elif kind == "TCP":
        seen = _tcp(target, call.body, way)
    elif kind == "TLS":
        seen = _tls(target, call, way)
    else:
        seen = _http(kind, target, headers, call, way)
    return replace(seen, took_ms=(time.perf_counter() - started) * 1000)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=DEADLINE_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(DEADLINE_S)
        self.sock.connect(str(self._path))


class _SecureConnection(http.client.HTTPConnection):
    """TLS to an address, whatever host the certificate is to be for."""

    def __init__(self, address: str, context: ssl.SSLContext, server_name: str) -> None:
        super().__init__(address, timeout=DEADLINE_S)
        self._context = context
        self._server_name = server_name
        self.local_port = 0

    def connect(self) -> None:
        super().connect()
        self.local_port = self.sock.getsockname()[1]
        self.sock = self._context.wrap_socket(self.sock, server_hostname=self._server_name)


def _connection(parts: SplitResult, certificate: str, way: Way) -> http.client.HTTPConnection:
    if way.unix:
        return UnixConnection(way.unix)
    if parts.scheme == "https":
        return _SecureConnection(way.address, caller_context(way.folder, certificate), parts.hostname or "")
    return http.client.HTTPConnection(way.address, timeout=DEADLINE_S)


def _http(method: str, url: str, headers: dict[str, str], call: Call, way: Way) -> Observation:
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection, body = _connection(parts, call.certificate, way), call.body
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in {"host": parts.netloc, **headers}.items():
            connection.putheader(name, value)
        if body:
            connection.putheader("content-length", str(len(body.encode())))
        connection.endheaders(body.encode() or None)
        response = connection.getresponse()
        text = response.read().decode()
    except (http.client.HTTPException, ConnectionError, ssl.SSLError):
        return Observation(refused=True)
    finally:
        connection.close()
    found: dict[str, str] = {}
    for name, value in response.getheaders():
        found[name.lower()] = ", ".join(part for part in (found.get(name.lower()), value) if part is not None)
    return Observation(
        status=response.status,
        grpc=grpc.StatusCode(_code(found["grpc-status"])).name if "grpc-status" in found else "",
        body=text,
        answered_by=found.get("x-lab-answer", _request(text).get("instance", "")),
        request=_request(text),
        response=found,
        local_port=connection.local_port if call.own_server_name and isinstance(connection, _SecureConnection) else 0,
    )


def _grpc(target: str, headers: dict[str, str], body: str, way: Way) -> Observation:
    authority, _, method = target.partition("/")
    channel_target = f"unix:{way.unix}" if way.unix else way.address
    options = [("grpc.default_authority", authority), ("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(channel_target, options=options) as channel:
        call: Any = channel.unary_unary(f"/{method}")
        try:
            answer, made = call.with_call(body.encode(), timeout=DEADLINE_S, metadata=tuple(headers.items()))
        except grpc.RpcError as failed:
            error: Any = failed
            both = (*(error.initial_metadata() or ()), *(error.trailing_metadata() or ()))
            response = {key: str(value) for key, value in both}
            return Observation(
                grpc=error.code().name,
                body=error.details() or "",
                answered_by=response.get("x-lab-answer", ""),
                response=response,
            )
        request = _request(answer.decode())
        response = {key: str(value) for key, value in made.initial_metadata()}
        return Observation(
            grpc="OK", body=answer.decode(), answered_by=request["instance"], request=request, response=response
        )


def _tcp(target: str, body: str, way: Way) -> Observation:
    try:
        with _dial(target, way) as connection:
            return replace(_line(connection, body), local_port=connection.getsockname()[1])
    except ConnectionRefusedError:
        return Observation(refused=True)


def _tls(target: str, call: Call, way: Way) -> Observation:
    dialled, _, server_name = target.partition("/")
    context = caller_context(way.folder, call.certificate)
    with _dial(dialled, way) as plain:
        port = plain.getsockname()[1]
        try:
            with context.wrap_socket(plain, server_hostname=server_name) as connection:
                return replace(_line(connection, call.body), local_port=port)
        except (ConnectionError, ssl.SSLError):
            return Observation(refused=True, local_port=port)


def dial_variable(target: str) -> str:
    """In the environment of a program."""
    return f"MESH_TCP_{re.sub('[:.-]', '_', target.upper())}"


def _dial(target: str, way: Way) -> socket.socket:
    host, _, port = (way.address or way.dialled[dial_variable(target)]).rpartition(":")
    return socket.create_connection((host, int(port)), timeout=DEADLINE_S)


def _line(connection: socket.socket, body: str) -> Observation:
    try:
        connection.sendall((body or "hello").encode() + b"\n")
        line = connection.makefile().readline()
    except ConnectionError:
        line = ""
    return Observation(body=line, answered_by=line.partition(" ")[0], refused=not line)


def _code(text: str) -> tuple[int, str]:
    return next(code.value for code in grpc.StatusCode if str(code.value[0]) == text)


def _request(text: str) -> dict[str, Any]:
    """What the answering program says it saw; nothing when it was no program of the laboratory."""
    try:
        said = json.loads(text)
    except ValueError:
        return {}
    return said if isinstance(said, dict) and "instance" in said else {}
