"""The edge over TLS: which certificate it shows, whom it lets in, and what it says to those without."""

import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from loopmesh.testing.mesh_process import MeshProcess
from tests.certificates import Authority, write_secret
from tests.e2e.test_foreign import FOLDER

POLICIES = """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: door}
spec:
  selector: {gateway: door}
  servers:
  - port: {number: 80, name: http, protocol: HTTP}
    hosts: ["*"]
    tls: {httpsRedirect: true}
  - port: {number: 443, name: https, protocol: HTTPS}
    hosts: [open.example.com]
    tls: {mode: SIMPLE, credentialName: open}
  - port: {number: 443, name: https-known, protocol: HTTPS}
    hosts: [known.example.com]
    tls: {mode: MUTUAL, credentialName: known, subjectAltNames: [friend.example.com]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web}
spec:
  hosts: [open.example.com, known.example.com]
  gateways: [door]
  http:
  - route: [{destination: {host: web}}]
"""


class Door:
    """The lab with its gateway, as a client of the outside sees it."""

    def __init__(self, mesh: MeshProcess, authority: Authority, folder: Path) -> None:
        self.mesh = mesh
        self.authority = authority
        self._folder = folder

    @property
    def port(self) -> int:
        return int(self.mesh.status()["edge"]["https"].rpartition(":")[2])

    def get(self, host: str, client: str | None = None) -> int:
        """The status of GET /time at a host, perhaps with a certificate of a client of that name."""
        context = ssl.create_default_context(cadata=self.authority.pem)
        if client is not None:
            chain, key = self.authority.issue(client)
            path = self._folder / f"{client}.pem"
            path.write_text(chain + key)
            context.load_cert_chain(path)
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        with plain, context.wrap_socket(plain, server_hostname=host) as secured:
            secured.sendall(f"GET /time HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n".encode())
            answer = http.client.HTTPResponse(secured)
            answer.begin()
            return answer.status


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("door")
    (folder / "policies.yaml").write_text(POLICIES)
    arguments = ("--values", "values.yaml", "--policies", str(folder / "policies.yaml"))
    mesh = MeshProcess(state=folder / "state", folder=FOLDER, up_arguments=arguments)
    door = Door(mesh, Authority(), folder)
    secrets = folder / "state" / "secrets"
    for name, extra in (("open", {}), ("known", {"ca.crt": door.authority.pem})):
        chain, key = door.authority.issue(f"{name}.example.com")
        write_secret(secrets, name, {"tls.crt": chain, "tls.key": key, **extra})
    mesh.up()
    yield door
    mesh.down()


def test_each_host_shows_its_own_certificate(door: Door) -> None:
    assert door.get("open.example.com") == 200
    assert door.get("known.example.com", client="friend.example.com") == 200


@pytest.mark.parametrize("client", [None, "stranger.example.com"])
def test_a_host_that_knows_its_clients_lets_in_no_others(door: Door, client: str | None) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)):
        door.get("known.example.com", client=client)


def test_an_explanation_says_which_host_asks_for_a_certificate_and_which_names_nobody_takes(door: Door) -> None:
    def explained(host: str) -> str:
        return door.mesh.command("explain", "--from", "edge/https", f"{host}:443", "/time")

    assert "the server asks the caller for a certificate" in explained("known.example.com")
    assert "certificate" not in explained("open.example.com")
    assert "no server at this port takes a connection for the name other.example.com" in explained("other.example.com")


def test_a_request_without_tls_is_sent_to_the_same_address_with_it(door: Door) -> None:
    address = door.mesh.status()["edge"]["http"].removeprefix("http://")
    connection = http.client.HTTPConnection(address, timeout=10)
    connection.request("GET", "/time", headers={"host": "open.example.com"})
    answer = connection.getresponse()
    assert (answer.status, answer.headers["location"]) == (301, "https://open.example.com/time")


def test_an_edge_with_tls_has_an_https_address(door: Door) -> None:
    assert door.mesh.status()["edge"]["https"].startswith("https://127.0.0.1:")


def test_a_renewed_certificate_is_shown_after_the_next_apply(door: Door) -> None:
    before, door.authority = door.authority, Authority()
    chain, key = door.authority.issue("open.example.com")
    secrets = door.mesh.state / "secrets"
    write_secret(secrets, "open", {"tls.crt": chain, "tls.key": key})
    door.mesh.command("apply", "-f", door.mesh.up_arguments[-1])
    assert door.get("open.example.com") == 200
    door.authority = before


def test_a_certificate_that_is_missing_is_told_before_anything_changes(door: Door, tmp_path: Path) -> None:
    (tmp_path / "new.yaml").write_text(POLICIES.replace("credentialName: open", "credentialName: gone"))
    result = door.mesh.run("apply", "-f", str(tmp_path / "new.yaml"))
    assert result.returncode == 1
    assert "there is no certificate lab/gone" in result.stderr
    assert json.loads(door.mesh.command("status", "--json"))["edge"]["https"]
