"""Runs inside a pod: makes the calls standard input asks for, as a JSON list, and prints how each ended."""

import json
import socket
import sys
from typing import Any

import grpc


def call(question: dict[str, Any]) -> dict[str, Any]:
    with grpc.insecure_channel(question["target"]) as channel:
        try:
            channel.unary_unary(question["path"], bytes, bytes)(b"", timeout=question.get("timeout_s", 10))
        except grpc.RpcError as error:
            return {"code": error.code().value[0], "details": error.details() or ""}
    return {"code": 0, "details": ""}


def speak_plaintext(address: str) -> dict[str, Any]:
    host, _, port = address.partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        try:
            return {"answered": plain.recv(4096)[:4] == b"HTTP"}
        except OSError:
            return {"answered": False}


ended = [speak_plaintext(one["plain"]) if "plain" in one else call(one) for one in json.load(sys.stdin)]
sys.stdout.write(json.dumps(ended))
