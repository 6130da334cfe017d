"""What is generated from the contracts is checked in and up to date, and carries what the edge needs."""

import base64
from pathlib import Path

import pytest
import yaml
from google.api import annotations_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from shop.catalog.v1 import catalog_pb2
from shop.inventory.v1 import inventory_pb2
from shop.orders.v1 import orders_pb2
from shop.shipping.v1 import shipping_pb2
from shop.wallet.v1 import wallet_pb2

from tools.proto.__main__ import drift, generate

SERVICES = [
    service
    for module in (catalog_pb2, inventory_pb2, orders_pb2, shipping_pb2, wallet_pb2)
    for service in module.DESCRIPTOR.services_by_name.values()
]
READS = ("Get", "List", "BatchGet")


def test_generating_again_gives_the_files_that_are_checked_in(tmp_path: Path) -> None:
    generate(tmp_path)
    assert drift(tmp_path) == []


def test_a_generated_file_that_was_edited_is_named(tmp_path: Path) -> None:
    generate(tmp_path)
    edited = tmp_path / "gen/python/shop/orders/v1/orders_pb2.pyi"
    edited.write_text(edited.read_text() + "\n")
    assert drift(tmp_path) == ["gen/python/shop/orders/v1/orders_pb2.pyi"]


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_every_mutating_method_has_an_idempotency_key(service: object) -> None:
    mutating = [m for m in service.methods if not m.name.startswith(READS)]  # type: ignore[attr-defined]
    assert [m.name for m in mutating if "request_id" not in m.input_type.fields_by_name] == []


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_every_list_is_paged(service: object) -> None:
    for method in service.methods:  # type: ignore[attr-defined]
        if method.name.startswith("List"):
            assert {"page_size", "page_token"} <= set(method.input_type.fields_by_name)
            assert "next_page_token" in method.output_type.fields_by_name


def test_the_edge_descriptor_holds_the_http_rules_and_every_error_detail_type() -> None:
    document = yaml.safe_load(Path("istio/edge/transcoder.yaml").read_text())
    config = document["spec"]["configPatches"][0]["patch"]["value"]["typed_config"]
    files = FileDescriptorSet.FromString(base64.b64decode(config["proto_descriptor_bin"]))
    assert "google/rpc/error_details.proto" in {file.name for file in files.file}
    ruled = {
        f"{file.package}.{service.name}"
        for file in files.file
        for service in file.service
        if any(method.options.HasExtension(annotations_pb2.http) for method in service.method)
    }
    assert ruled == set(config["services"]) == {service.full_name for service in SERVICES}
