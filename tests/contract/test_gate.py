"""A contract is broken in a temporary copy; the gate must see it and say what to do."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
ORDERS = "proto/shop/orders/v1/orders.proto"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    shutil.copytree(REPOSITORY / "proto", tmp_path / "proto")
    shutil.copy(REPOSITORY / "buf.yaml", tmp_path)
    return tmp_path


def gate(checkout: Path, step: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tools.proto.gate", step],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY}/gen/python"},
        capture_output=True,
        text=True,
        check=False,
    )


def change(checkout: Path, before: str, after: str, file: str = ORDERS) -> None:
    path = checkout / file
    source = path.read_text()
    assert before in source
    path.write_text(source.replace(before, after))


BREAKS = {
    "a removed field": ("  string cancel_message = 8;\n", "  reserved 8;\n", 'field "8" with name "cancel_message"'),
    "a changed type": ("  int32 quantity = 3;", "  int64 quantity = 3;", 'Field "3" with name "quantity"'),
    "a renamed method": ("rpc GetOrder(", "rpc FetchOrder(", 'RPC "GetOrder"'),
    "a changed HTTP route": ('post: "/v1/orders"', 'post: "/v1/purchases"', "HTTP route 'POST /v1/orders"),
    "a removed HTTP route": (
        '    option (google.api.http) = {get: "/v1/orders"};\n',
        "",
        "HTTP route 'GET /v1/orders",
    ),
}


@pytest.mark.parametrize(("before", "after", "named"), BREAKS.values(), ids=BREAKS.keys())
def test_a_break_fails_the_gate_and_says_what_to_do(checkout: Path, before: str, after: str, named: str) -> None:
    change(checkout, before, after)
    result = gate(checkout, "breaking")
    assert result.returncode == 1
    assert named in result.stdout, result.stdout
    assert "add a new package, such as shop.orders.v2" in result.stderr


def test_an_added_field_method_and_route_pass(checkout: Path) -> None:
    change(checkout, "  string cancel_message = 8;\n", "  string cancel_message = 8;\n  string gift_note = 90;\n")
    change(
        checkout,
        "  // Orders of a customer, newest first.\n",
        "  rpc PeekOrder(PeekOrderRequest) returns (PeekOrderResponse) {\n"
        '    option (google.api.http) = {get: "/v1/peek"};\n  }\n',
    )
    change(
        checkout,
        "message ListOrdersRequest {",
        "message PeekOrderRequest {}\n\nmessage PeekOrderResponse {}\n\nmessage ListOrdersRequest {",
    )
    result = gate(checkout, "breaking")
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_release_makes_the_contracts_as_they_are_the_baseline(checkout: Path) -> None:
    change(checkout, 'post: "/v1/orders"', 'post: "/v1/purchases"')
    assert gate(checkout, "breaking").returncode == 1
    assert gate(checkout, "release").returncode == 0
    assert gate(checkout, "breaking").returncode == 0


def test_bad_style_fails_the_lint(checkout: Path) -> None:
    change(checkout, "string cancel_message = 8;", "string cancelMessage = 8;")
    result = gate(checkout, "lint")
    assert result.returncode != 0
    assert "cancel_message" in result.stdout
