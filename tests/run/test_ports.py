"""What the kernel does with the ports a mesh holds."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from loopmesh.run.errors import RunError
from loopmesh.run.ports import PortLedger


@pytest.fixture
def ledger() -> Iterator[PortLedger]:
    ledger = PortLedger()
    yield ledger
    ledger.close()


def listen(port: int, *options: int) -> socket.socket:
    server = socket.socket()
    for option in options:
        server.setsockopt(socket.SOL_SOCKET, option, 1)
    server.bind(("127.0.0.1", port))
    server.listen()
    return server


def as_envoy(port: int) -> socket.socket:
    return listen(port, socket.SO_REUSEADDR, socket.SO_REUSEPORT)


def test_a_proxy_listens_on_a_held_port_and_gets_every_connection(ledger: PortLedger) -> None:
    port = ledger.allocate()
    with as_envoy(port) as server:
        for _ in range(100):
            with socket.create_connection(("127.0.0.1", port), timeout=5):
                server.settimeout(5)
                server.accept()[0].close()


def test_nothing_answers_on_a_held_port_while_no_proxy_listens(ledger: PortLedger) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", ledger.allocate()), timeout=5)


@pytest.mark.parametrize("options", [(), (socket.SO_REUSEADDR,)])
def test_no_ordinary_server_gets_a_held_port(ledger: PortLedger, options: tuple[int, ...]) -> None:
    with pytest.raises(OSError, match="Address already in use"):
        listen(ledger.allocate(), *options)


def test_the_ports_of_two_meshes_never_meet(ledger: PortLedger) -> None:
    other = PortLedger()
    mine = {ledger.allocate() for _ in range(300)}
    theirs = {other.allocate() for _ in range(300)}
    other.close()
    assert len(mine) == len(theirs) == 300
    assert not mine & theirs


def test_a_released_port_is_free_again(ledger: PortLedger) -> None:
    port = ledger.allocate()
    ledger.release(port)
    listen(port).close()


def test_a_claimed_port_is_held_the_same_way(ledger: PortLedger) -> None:
    port = free_port()
    assert ledger.claim(port) == port
    as_envoy(port).close()
    with pytest.raises(OSError, match="Address already in use"):
        listen(port, socket.SO_REUSEADDR)


def test_a_port_that_is_in_use_is_refused_with_its_holder_and_the_remedy(ledger: PortLedger) -> None:
    with as_envoy(0) as server, pytest.raises(RunError) as refused:
        ledger.claim(server.getsockname()[1])
    port = server_port(refused.value)
    assert f"(pid {os.getpid()}); choose another with --edge-port" in str(refused.value)
    assert str(refused.value).startswith(f"port {port} is in use by ")


def test_a_port_that_another_mesh_holds_is_refused_also_before_its_proxy_listens(ledger: PortLedger) -> None:
    other = PortLedger()
    port = other.claim(free_port())
    with pytest.raises(RunError, match=f"port {port} is in use"):
        ledger.claim(port)
    other.close()


def test_a_port_whose_connections_have_just_ended_can_be_claimed_at_once(ledger: PortLedger) -> None:
    with as_envoy(0) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            accepted, _ = server.accept()
            accepted.close()  # The side that closes first keeps the address in TIME_WAIT.
            client.recv(1)
    with pytest.raises(OSError, match="Address already in use"):
        listen(port)
    ledger.claim(port)
    as_envoy(port).close()


def test_a_program_binds_its_port_in_any_way_again_and_again(ledger: PortLedger) -> None:
    port = ledger.allocate_for_program()
    for options in ((), (socket.SO_REUSEADDR,), (socket.SO_REUSEPORT,)):
        listen(port, *options).close()


def test_the_programs_of_two_meshes_never_get_the_same_port(ledger: PortLedger) -> None:
    other = PortLedger()
    mine = {ledger.allocate_for_program() for _ in range(300)}
    theirs = {other.allocate_for_program() for _ in range(300)}
    other.close()
    assert len(mine) == len(theirs) == 300
    assert not mine & theirs


def test_the_kernel_never_picks_a_programs_port_for_somebody_else(ledger: PortLedger) -> None:
    low, high = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    assert not low <= ledger.allocate_for_program() <= high


def free_port() -> int:
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        return int(chosen.getsockname()[1])


def server_port(error: RunError) -> int:
    return int(str(error).split()[1])
