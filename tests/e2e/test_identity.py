"""Who may talk to a sidecar's port, tried from outside the mesh."""

import socket
import ssl
import time
from pathlib import Path

import pytest
from cryptography import x509

from loopmesh.control import CertificateAuthority
from loopmesh.model.identity import Identity
from loopmesh.testing.mesh_process import MeshProcess
from tests.targets.local import inbound_port
from tests.targets.target import Shop


def mesh_authority(shop: MeshProcess) -> CertificateAuthority:
    return CertificateAuthority.load_or_create(shop.state / "ca", "cluster.local", time.time)


def tls_context(
    authority: CertificateAuthority | None, folder: Path, service_account: str = "orders"
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    if authority is not None:
        certificate = authority.issue(Identity(namespace="shop", service_account=service_account))
        chain, key = folder / "chain.pem", folder / "key.pem"
        chain.write_bytes(certificate.chain_pem)
        key.write_bytes(certificate.key_pem)
        context.load_cert_chain(chain, key)
    return context


def http_answer(context: ssl.SSLContext, port: int) -> bytes:
    """The status line of a request over HTTP/1.1; raises OSError when the connection is refused or cut."""
    context.set_alpn_protocols(["http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname="inventory") as secured,
    ):
        secured.sendall(
            b"POST /shop.inventory.v1.InventoryService/Reserve HTTP/1.1\r\nhost: inventory:50051\r\n"
            b"content-length: 0\r\nconnection: close\r\n\r\n"
        )
        received = secured.recv(4096)
    if not received:
        raise ConnectionError("cut without an answer")
    return received.split(b"\r\n", 1)[0]


@pytest.mark.both_targets
@pytest.mark.parametrize("service", ["catalog", "inventory", "wallet", "orders", "shipping"])
def test_plaintext_to_a_sidecar_is_refused(shop_anywhere: Shop, service: str) -> None:
    assert not shop_anywhere.plaintext_answers(service)


def test_tls_without_a_certificate_is_refused(shop: MeshProcess, tmp_path: Path) -> None:
    with pytest.raises(OSError):  # noqa: PT011 - refused as an alert or by a reset
        http_answer(tls_context(None, tmp_path), inbound_port(shop, "inventory"))


def test_a_certificate_of_another_authority_is_refused(shop: MeshProcess, tmp_path: Path) -> None:
    stranger = CertificateAuthority.create("cluster.local", time.time)
    with pytest.raises(OSError):  # noqa: PT011 - refused as an alert or by a reset
        http_answer(tls_context(stranger, tmp_path), inbound_port(shop, "inventory"))


def test_an_identity_of_the_mesh_that_may_not_call_is_denied(shop: MeshProcess, tmp_path: Path) -> None:
    context = tls_context(mesh_authority(shop), tmp_path, "mallory")
    assert http_answer(context, inbound_port(shop, "inventory")) == b"HTTP/1.1 403 Forbidden"


def test_the_identity_that_may_call_gets_through(shop: MeshProcess, tmp_path: Path) -> None:
    context = tls_context(mesh_authority(shop), tmp_path, "orders")
    assert http_answer(context, inbound_port(shop, "inventory")) != b"HTTP/1.1 403 Forbidden"


def test_a_sidecar_shows_a_short_lived_certificate_of_its_service(shop: MeshProcess, tmp_path: Path) -> None:
    context = tls_context(mesh_authority(shop), tmp_path)
    port = inbound_port(shop, "wallet")
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname="wallet") as secured,
    ):
        shown = x509.load_der_x509_certificate(secured.getpeercert(binary_form=True) or b"")
    names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert list(names) == [x509.UniformResourceIdentifier("spiffe://cluster.local/ns/shop/sa/wallet")]
    assert not shown.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert shown.extensions.get_extension_for_class(x509.KeyUsage).critical
    assert (shown.not_valid_after_utc - shown.not_valid_before_utc).total_seconds() <= 3700
