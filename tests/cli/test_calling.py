"""What `mesh call` finds out about a service before it calls it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from grpc_reflection.v1alpha import reflection

from loopmesh.cli.calling import find_method


def test_a_program_that_reflects_nothing_is_told_with_another_way_to_call_it(tmp_path: Path) -> None:
    server = grpc.server(ThreadPoolExecutor(1))
    reflection.enable_server_reflection([reflection.SERVICE_NAME], server)
    server.add_insecure_port(f"unix:{tmp_path}/socket")
    server.start()
    try:
        with pytest.raises(ConnectionError, match=r"tells of no method by reflection at unix:.*`mesh forward`"):
            find_method(f"unix:{tmp_path}/socket", "accounts")
    finally:
        server.stop(0)


def test_a_program_without_reflection_is_told_with_another_way_to_call_it(tmp_path: Path) -> None:
    server = grpc.server(ThreadPoolExecutor(1))
    server.add_insecure_port(f"unix:{tmp_path}/socket")
    server.start()
    try:
        with pytest.raises(ConnectionError, match=r"reflection at unix:.*UNIMPLEMENTED.*`mesh forward`"):
            find_method(f"unix:{tmp_path}/socket", "GetQuote")
    finally:
        server.stop(0)
