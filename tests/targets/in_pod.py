"""Runs where a caller is, in a pod or on this machine: asks what standard input lists, prints how each ended.

A question is a gRPC call (`target`, `path`), or a request over HTTP/1.1 to an address in plaintext (`plain`) or over
TLS (`tls`), there perhaps with a certificate (`chain`, `key`).
"""

import base64
import json
import socket
import ssl
import sys
import tempfile
from typing import Any

import grpc


def call(question: dict[str, Any]) -> dict[str, Any]:
    with grpc.insecure_channel(question["target"]) as channel:
        try:
            channel.unary_unary(question["path"], bytes, bytes)(b"", timeout=question.get("timeout_s", 10))
        except grpc.RpcError as error:
            return {"code": error.code().value[0], "details": error.details() or ""}
    return {"code": 0, "details": ""}


def speak_plaintext(question: dict[str, Any]) -> dict[str, Any]:
    with connect(question["plain"]) as plain:
        return {"status": status(plain, question["path"])}


def speak_tls(question: dict[str, Any]) -> dict[str, Any]:
    """`shown` is the certificate of the other side."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    if question.get("chain"):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(question["chain"] + question["key"])
            file.flush()
            context.load_cert_chain(file.name)
    with connect(question["tls"]) as plain, context.wrap_socket(plain) as secured:
        shown = secured.getpeercert(binary_form=True) or b""
        return {"status": status(secured, question["path"]), "shown": base64.b64encode(shown).decode()}


def connect(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=5)


def status(connection: socket.socket, path: str) -> int | None:
    """Of the answer; None where nothing is said in HTTP."""
    try:
        connection.sendall(f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n".encode())
        first, _, rest = connection.recv(4096).partition(b" ")
    except OSError:
        return None
    return int(rest[:3]) if first == b"HTTP/1.1" else None


def ask(question: dict[str, Any]) -> dict[str, Any]:
    if "tls" in question:
        return speak_tls(question)
    return speak_plaintext(question) if "plain" in question else call(question)


sys.stdout.write(json.dumps([ask(one) for one in json.load(sys.stdin)]))
