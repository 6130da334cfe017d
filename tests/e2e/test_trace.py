"""One order is one tree of spans, through the edge, every sidecar and every program."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

from loopmesh.testing.mesh_process import MeshProcess
from tests.e2e.conftest import shop_mesh
from tests.e2e.shop_client import ask, order_request
from tests.observing import wait_for


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node["children"]:
        yield from nodes(child)


def trace_of(shop: MeshProcess, request: dict[str, Any]) -> dict[str, Any]:
    ask(f"{shop.edge}/v1/orders", request)
    found: dict[str, Any] = json.loads(shop.command("trace", "last", "--json"))
    return found


def test_a_confirmed_order_is_one_connected_tree_without_orphans(shop: MeshProcess) -> None:
    trace = trace_of(shop, order_request("accounts/margaret", "products/oak-tumbler", 1))
    assert trace["orphans"] == []
    (root,) = trace["roots"]
    spans = list(nodes(root))
    assert root["service"] == "edge"
    assert len(spans) == trace["spans"]
    for service in ("catalog", "inventory", "wallet", "shipping", "orders"):
        roles = {span["proxy"] for span in spans if span["service"] == service}
        assert roles == {True, False}, f"{service}: its proxy and its program are in the trace"
    called = {span["name"] for span in spans if not span["proxy"] and span["kind"] == "server"}
    assert {name.rpartition("/")[2] for name in called} == {
        "PlaceOrder",
        "BatchGetProducts",
        "Reserve",
        "Debit",
        "ArrangeShipment",
        "Commit",
    }


FAILED_ORDERS = {
    "insufficient stock": (("accounts/margaret", "products/oak-tumbler", 1000), {"Reserve", "Release"}),
    "insufficient funds": (
        ("accounts/alan", "products/walnut-side-table", 1),
        {"Reserve", "Debit", "Refund", "Release"},
    ),
    "shipping refused": (
        ("accounts/margaret", "products/oak-tumbler", 1, "AQ"),
        {"Reserve", "Debit", "ArrangeShipment", "CancelShipment", "Refund", "Release"},
    ),
    "an unknown product": (("accounts/margaret", "products/moon", 1), set()),
}


@pytest.mark.parametrize(("order", "called"), FAILED_ORDERS.values(), ids=FAILED_ORDERS)
def test_a_failed_order_is_one_tree_too_and_shows_what_was_undone(
    shop: MeshProcess, order: tuple[Any, ...], called: set[str]
) -> None:
    trace = trace_of(shop, order_request(*order))
    assert trace["orphans"] == []
    (root,) = trace["roots"]
    found = {span["name"].rpartition("/")[2] for span in nodes(root) if not span["proxy"] and span["kind"] == "server"}
    assert found == {"PlaceOrder", "BatchGetProducts"} | called


def test_every_child_begins_after_its_parent(shop: MeshProcess) -> None:
    trace = trace_of(shop, order_request("accounts/margaret", "products/wool-tumbler", 1))
    for root in trace["roots"]:
        for node in nodes(root):
            for child in node["children"]:
                # Clocks of one machine; proxies note microseconds.
                assert child["start_ns"] >= node["start_ns"] - 1_000_000


class Backend(trace_service_pb2_grpc.TraceServiceServicer):
    """Another tracing backend."""

    def __init__(self) -> None:
        self.services: set[str] = set()

    def Export(
        self, request: trace_service_pb2.ExportTraceServiceRequest, context: grpc.ServicerContext
    ) -> trace_service_pb2.ExportTraceServiceResponse:
        for exported in request.resource_spans:
            for attribute in exported.resource.attributes:
                if attribute.key == "service.name":
                    self.services.add(attribute.value.string_value)
        return trace_service_pb2.ExportTraceServiceResponse()


def test_the_users_own_backend_gets_the_same_spans(tmp_path: Path) -> None:
    backend = Backend()
    server = grpc.server(ThreadPoolExecutor(4))
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(backend, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    shop = shop_mesh(tmp_path / "state", OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}")
    shop.up()
    try:
        trace = trace_of(shop, order_request("accounts/ada", "products/oak-tumbler", 1))
        expected = {span["service"] for span in nodes(trace["roots"][0])}
        wait_for("spans of every service at the backend", lambda: backend.services >= expected)
    finally:
        shop.down()
        server.stop(None)
