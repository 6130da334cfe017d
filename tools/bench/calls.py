"""One unary call after another: straight to the program against through two proxies with mutual TLS."""

import time

import grpc
from shop.catalog.v1 import catalog_pb2, catalog_pb2_grpc

from loopmesh.cli.client import find_workload, get_status
from loopmesh.testing.mesh_process import MeshProcess
from tools.bench.figures import Figure

REQUEST = catalog_pb2.BatchGetProductsRequest(names=["products/oak-tumbler"])
WARM_UP = 200


def measure_calls(mesh: MeshProcess, count: int) -> tuple[Figure, Figure]:
    """Milliseconds through the mesh and straight; the two take turns call by call, so both meet the same machine."""
    status = get_status(mesh.state)
    straight = grpc.insecure_channel(find_workload(status, "catalog/v1").application_target)
    socket = find_workload(status, "orders").outbound_socket
    meshed = grpc.insecure_channel(f"unix:{socket}", [("grpc.default_authority", "catalog:50051")])
    stubs = {channel: catalog_pb2_grpc.CatalogServiceStub(channel) for channel in (meshed, straight)}
    values: dict[grpc.Channel, list[float]] = {meshed: [], straight: []}
    for number in range(count + WARM_UP):
        for channel, stub in stubs.items():
            started = time.perf_counter()
            stub.BatchGetProducts(REQUEST, timeout=10)
            if number >= WARM_UP:
                values[channel].append((time.perf_counter() - started) * 1000)
    for channel in stubs:
        channel.close()
    return (
        Figure(name="unary call through two proxies with mutual TLS", unit="ms", values=values[meshed]),
        Figure(name="  baseline: straight to the program", unit="ms", values=values[straight]),
    )
