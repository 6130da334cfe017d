"""Who may talk to a sidecar's port, tried from outside the mesh."""

import time

import pytest
from cryptography import x509

from loopmesh.control import CertificateAuthority
from loopmesh.control.authority import Certificate
from loopmesh.model.identity import Identity
from loopmesh.testing.mesh_process import MeshProcess
from tests.targets.target import Application

SERVICES = ["catalog", "inventory", "wallet", "orders", "shipping"]
INVENTORY = "inventory:50051"
RESERVE = "/shop.inventory.v1.InventoryService/Reserve"
FORBIDDEN = 403


def signed(authority: CertificateAuthority, service_account: str) -> Certificate:
    return authority.issue(Identity(namespace="shop", service_account=service_account))


def mesh_authority(shop: MeshProcess) -> CertificateAuthority:
    return CertificateAuthority.load_or_create(shop.state / "ca", "cluster.local", time.time)


@pytest.mark.both_targets
@pytest.mark.parametrize("service", SERVICES)
def test_plaintext_to_a_sidecar_is_refused(shop_anywhere: Application, service: str) -> None:
    assert not shop_anywhere.plaintext_answers(f"{service}:50051")


@pytest.mark.both_targets
def test_tls_without_a_certificate_is_refused(shop_anywhere: Application) -> None:
    assert shop_anywhere.tls(INVENTORY, RESERVE, None).status is None


@pytest.mark.both_targets
def test_a_certificate_of_another_authority_is_refused(shop_anywhere: Application) -> None:
    stranger = CertificateAuthority.create("cluster.local", time.time)
    assert shop_anywhere.tls(INVENTORY, RESERVE, signed(stranger, "orders")).status is None


@pytest.mark.both_targets
@pytest.mark.parametrize("service", SERVICES)
def test_a_sidecar_shows_a_certificate_of_its_service_alone(shop_anywhere: Application, service: str) -> None:
    shown = shop_anywhere.tls(f"{service}:50051", "/", None).shown
    names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert list(names) == [x509.UniformResourceIdentifier(f"spiffe://cluster.local/ns/shop/sa/{service}")]
    assert not shown.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert shown.extensions.get_extension_for_class(x509.KeyUsage).critical


def test_certificates_live_for_an_hour(shop_anywhere: Application) -> None:
    shown = shop_anywhere.tls("wallet:50051", "/", None).shown
    assert (shown.not_valid_after_utc - shown.not_valid_before_utc).total_seconds() <= 3700


def test_an_identity_of_the_mesh_that_may_not_call_is_denied(shop_anywhere: Application, shop: MeshProcess) -> None:
    mallory = signed(mesh_authority(shop), "mallory")
    assert shop_anywhere.tls(INVENTORY, RESERVE, mallory).status == FORBIDDEN


def test_the_identity_that_may_call_gets_through(shop_anywhere: Application, shop: MeshProcess) -> None:
    status = shop_anywhere.tls(INVENTORY, RESERVE, signed(mesh_authority(shop), "orders")).status
    assert status not in (None, FORBIDDEN)
