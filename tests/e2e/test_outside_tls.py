"""A host outside the mesh that asks its callers for certificates: what a DestinationRule shows it and believes of it.

Each test runs on both control planes.
"""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from loopmesh.testing.mesh_process import MeshProcess
from tests.certificates import Authority, write_secret
from tests.e2e.shop_client import ask
from tests.serving import Handler, serving

FOLDER = Path(__file__).parent / "outside"
HOST = "bank.example.com"
HOST_POLICIES = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: {name}, namespace: lab}}
spec:
  hosts: [{name}.example.com]
  resolution: STATIC
  ports: [{{number: 80, name: http, protocol: HTTP}}]
  endpoints: [{{address: 127.0.0.1, ports: {{http: {port}}}}}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: {name}, namespace: lab}}
spec:
  host: {name}.example.com
  workloadSelector: {{matchLabels: {{app: caller}}}}
  trafficPolicy: {{tls: {{sni: bank.example.com, {tls}}}}}
---
"""
SHOP = "mode: MUTUAL, clientCertificate: {folder}/shop.pem, privateKey: {folder}/shop.key, "
STRANGER = "mode: MUTUAL, clientCertificate: {folder}/stranger.pem, privateKey: {folder}/stranger.key, "
KNOWN = "caCertificates: {folder}/authority.pem"
RULES = {
    "files": SHOP + KNOWN,
    "secret": "mode: MUTUAL, credentialName: shop",
    "nobody": "mode: SIMPLE, " + KNOWN,
    "stranger": STRANGER + KNOWN,
    "distrusted": SHOP + "caCertificates: {folder}/other.pem",
    "named": SHOP + KNOWN + ", subjectAltNames: [bank.example.com]",
    "misnamed": SHOP + KNOWN + ", subjectAltNames: [other.example.com]",
    "unrevoked": SHOP + KNOWN + ", caCrl: {folder}/of-the-shop.crl",
    "revoked": SHOP + KNOWN + ", caCrl: {folder}/of-the-bank.crl",
}
"""By the host they are for."""


class Asking(Handler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        shown: Any = self.connection.getpeercert()
        self.reply(str(shown["subjectAltName"][0][1]).encode())


@dataclass(frozen=True)
class Bank:
    """The server's port, and a folder with everybody's certificates."""

    port: int
    folder: Path


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    folder, authority = tmp_path_factory.mktemp("bank"), Authority()
    other = Authority()
    for name, host, issuer in (("bank", HOST, authority), ("shop", "shop", authority), ("stranger", "x", other)):
        chain, key = issuer.issue(host)
        (folder / f"{name}.pem").write_text(chain)
        (folder / f"{name}.key").write_text(key)
    (folder / "authority.pem").write_text(authority.pem)
    (folder / "other.pem").write_text(other.pem)
    (folder / "of-the-bank.crl").write_text(authority.revoke((folder / "bank.pem").read_text()))
    (folder / "of-the-shop.crl").write_text(authority.revoke((folder / "shop.pem").read_text()))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(folder / "authority.pem"))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(folder / "bank.pem", folder / "bank.key")
    with serving(Asking, context) as port:
        yield Bank(port=port, folder=folder)


@pytest.fixture(scope="module")
def mesh(control_plane: str, bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeshProcess]:
    folder = tmp_path_factory.mktemp("outside-tls")
    policies = folder / "policies.yaml"
    parts = (
        HOST_POLICIES.format(name=name, port=bank.port, tls=tls.format(folder=bank.folder))
        for name, tls in RULES.items()
    )
    policies.write_text("".join(parts))
    secret = {"tls.crt": "shop.pem", "tls.key": "shop.key", "ca.crt": "authority.pem"}
    content = {key: (bank.folder / name).read_text() for key, name in secret.items()}
    write_secret(folder / "state" / "secrets", "shop", content)
    arguments = ("--values", "values.yaml", "--policies", str(policies), "--control-plane", control_plane)
    mesh = MeshProcess(state=folder / "state", folder=FOLDER, up_arguments=arguments)
    mesh.up()
    yield mesh
    mesh.down()


@pytest.mark.parametrize("host", ["files", "secret", "named", "unrevoked"])
def test_the_server_learns_who_calls(mesh: MeshProcess, host: str) -> None:
    with mesh.forward("caller", f"{host}.example.com:80") as address:
        assert ask(f"http://{address}/").body == "shop"


@pytest.mark.parametrize("host", ["nobody", "stranger"])
def test_the_server_refuses_whom_it_does_not_know(mesh: MeshProcess, host: str) -> None:
    with mesh.forward("caller", f"{host}.example.com:80") as address:
        assert ask(f"http://{address}/").status == 503


@pytest.mark.parametrize("host", ["distrusted", "misnamed", "revoked"])
def test_the_sidecar_refuses_a_server_it_is_not_to_believe(mesh: MeshProcess, host: str) -> None:
    with mesh.forward("caller", f"{host}.example.com:80") as address:
        assert ask(f"http://{address}/").status == 503
