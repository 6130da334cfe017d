"""Hosts outside the mesh, called through the caller's sidecar: in plaintext, with TLS, and by patterns.

Each test runs on both control planes.
"""

import socket
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
POLICIES = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: api, namespace: lab}}
spec:
  hosts: [api.example.com]
  resolution: STATIC
  ports: [{{number: 80, name: http, protocol: HTTP}}]
  endpoints: [{{address: 127.0.0.1, ports: {{http: {plain}}}}}]
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: looked-up, namespace: lab}}
spec:
  hosts: [names.example.com]
  resolution: DNS
  ports: [{{number: 80, name: http, protocol: HTTP, targetPort: {plain}}}]
  endpoints: [{{address: localhost}}]
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: pattern, namespace: lab}}
spec:
  hosts: ["*.localhost"]
  ports: [{{number: {plain}, name: http, protocol: HTTP}}]
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: secret, namespace: lab}}
spec:
  hosts: [secret.example.com]
  resolution: STATIC
  ports:
  - {{number: 80, name: http, protocol: HTTP}}
  - {{number: 443, name: tls, protocol: TLS}}
  endpoints: [{{address: 127.0.0.1, ports: {{http: {tls}, tls: {tls}}}}}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: secret, namespace: lab}}
spec:
  host: secret.example.com
  trafficPolicy:
    portLevelSettings:
    - port: {{number: 80}}
      tls: {{mode: SIMPLE, caCertificates: {authority}}}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: trusted, namespace: lab}}
spec:
  hosts: [trusted.example.com]
  resolution: STATIC
  ports: [{{number: 80, name: http, protocol: HTTP}}]
  endpoints: [{{address: 127.0.0.1, ports: {{http: {tls}}}}}]
  subjectAltNames: [secret.example.com]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: trusted, namespace: lab}}
spec:
  host: trusted.example.com
  workloadSelector: {{matchLabels: {{app: caller}}}}
  trafficPolicy: {{tls: {{mode: SIMPLE, credentialName: trusted, sni: secret.example.com}}}}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: alias, namespace: lab}}
spec:
  hosts: [caller.internal]
  location: MESH_INTERNAL
  resolution: STATIC
  workloadSelector: {{labels: {{app: caller}}}}
  ports: [{{number: 80, name: http, protocol: HTTP, targetPort: 8000}}]
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {{name: default, namespace: istio-system}}
spec: {{mtls: {{mode: STRICT}}}}
"""


class Telling(Handler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        _, port = self.connection.getsockname()
        self.reply(f"{port} {self.headers['host']}".encode())


@dataclass(frozen=True)
class Outside:
    """Servers that know nothing of the mesh, and the file of the authority that vouches for one of them."""

    plain: int
    tls: int
    authority: Path


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    folder, authority = tmp_path_factory.mktemp("certificate"), Authority()
    chain, key = authority.issue("secret.example.com")
    (folder / "chain.pem").write_text(chain)
    (folder / "key.pem").write_text(key)
    (folder / "authority.pem").write_text(authority.pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "chain.pem", folder / "key.pem")
    with serving(Telling) as plain, serving(Telling, context) as tls:
        yield Outside(plain=plain, tls=tls, authority=folder / "authority.pem")


@pytest.fixture(scope="module")
def mesh(control_plane: str, outside: Outside, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeshProcess]:
    folder = tmp_path_factory.mktemp("outside")
    policies = folder / "policies.yaml"
    policies.write_text(POLICIES.format(plain=outside.plain, tls=outside.tls, authority=outside.authority))
    secrets = folder / "state" / "secrets"
    write_secret(secrets, "trusted", {"ca.crt": outside.authority.read_text()})
    arguments = ("--values", "values.yaml", "--policies", str(policies), "--control-plane", control_plane)
    mesh = MeshProcess(state=folder / "state", folder=FOLDER, up_arguments=arguments)
    mesh.up()
    yield mesh
    mesh.down()


def get(mesh: MeshProcess, target: str) -> str:
    with mesh.forward("caller", target) as address:
        return str(ask(f"http://{address}/").body)


def test_a_host_at_a_known_address(mesh: MeshProcess, outside: Outside) -> None:
    assert get(mesh, "api.example.com:80") == f"{outside.plain} api.example.com:80"


def test_a_host_at_a_name_that_is_looked_up(mesh: MeshProcess, outside: Outside) -> None:
    assert get(mesh, "names.example.com:80") == f"{outside.plain} names.example.com:80"


def test_tls_that_the_sidecar_begins_and_verifies(mesh: MeshProcess, outside: Outside) -> None:
    assert get(mesh, "secret.example.com:80") == f"{outside.tls} secret.example.com:80"


def test_tls_that_is_verified_by_a_secret_s_authorities(mesh: MeshProcess, outside: Outside) -> None:
    assert get(mesh, "trusted.example.com:80") == f"{outside.tls} trusted.example.com:80"


def test_another_name_for_workloads_of_the_mesh(mesh: MeshProcess) -> None:
    assert get(mesh, "caller.internal:80").startswith("127.0.0.1:")


def test_a_host_of_a_pattern_is_looked_up_when_it_is_called(mesh: MeshProcess, outside: Outside) -> None:
    from loopmesh.cli.client import find_workload, get_status

    sidecar = find_workload(get_status(mesh.state), "caller").outbound_socket
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(sidecar)
        host = f"any.localhost:{outside.plain}"
        connection.sendall(f"GET / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(4096), b"")).decode()
    assert answer.endswith(f"{outside.plain} {host}")


def test_tls_of_the_program_s_own_passes_by_its_server_name(mesh: MeshProcess, outside: Outside) -> None:
    address = get(mesh, "caller:8000")
    assert ("DNS", "secret.example.com") in tls_to(address, "secret.example.com", outside)
    with pytest.raises(OSError, match=r"EOF|reset"):
        tls_to(address, "other.example.com", outside)


def tls_to(address: str, server_name: str, outside: Outside) -> tuple[tuple[str, str], ...]:
    """The names of the certificate that is shown."""
    host, _, port = address.rpartition(":")
    context = ssl.create_default_context(cafile=str(outside.authority))
    with (
        socket.create_connection((host, int(port)), timeout=10) as connection,
        context.wrap_socket(connection, server_hostname=server_name) as secured,
    ):
        shown: Any = secured.getpeercert()
        return tuple(shown["subjectAltName"])


def test_a_program_learns_of_a_new_host_s_port_when_it_is_started_again(
    mesh: MeshProcess, outside: Outside, tmp_path: Path
) -> None:
    entry = POLICIES.format(plain=outside.plain, tls=outside.tls, authority=outside.authority).split("---")[3]
    policy = tmp_path / "later.yaml"
    policy.write_text(entry.replace("secret", "later"))
    mesh.command("apply", "-f", str(policy))
    with mesh.forward("caller", "later.example.com:443") as address, pytest.raises(ssl.SSLCertVerificationError):
        tls_to(address, "later.example.com", outside)
    mesh.command("restart", "caller")
    (workload,) = mesh.status()["workloads"]
    environment = Path(f"/proc/{workload['pid']}/environ").read_bytes().decode().split("\0")
    assert any(one.startswith("MESH_TCP_LATER_EXAMPLE_COM_443=127.0.0.1:") for one in environment)
