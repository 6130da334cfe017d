"""What commands print and how they fail, against a mesh that answers as told."""

import json
from pathlib import Path

import pytest
from google.protobuf.message import Message

from loopmesh.admin.v1 import admin_pb2
from loopmesh.run.state import open_state
from tests.cli.invoking import failing, invoke
from tests.cli.scripted_mesh import ScriptedMesh, running

POLICY = Path(__file__).parents[2] / "istio/wallet/virtualservice.yaml"
NEED_A_MESH = {
    "down": ["down"],
    "status": ["status"],
    "call": ["call", "--from", "orders", "catalog:50051", "GetProduct"],
    "forward": ["forward", "--from", "orders", "catalog:50051"],
    "apply": ["apply", "-f", POLICY],
    "diff": ["diff", "-f", POLICY],
    "delete": ["delete", "VirtualService", "wallet"],
    "config": ["config", "orders"],
    "scale": ["scale", "wallet=2"],
    "restart": ["restart", "wallet"],
}


@pytest.mark.parametrize("arguments", NEED_A_MESH.values(), ids=NEED_A_MESH)
def test_without_a_mesh_it_is_told_how_to_start_one(tmp_path: Path, arguments: list[object]) -> None:
    said = failing(*arguments, "--state", tmp_path)
    assert said == f"mesh: no mesh runs in {tmp_path}; start one with `mesh up`, or name its folder with --state\n"


@pytest.mark.parametrize("arguments", NEED_A_MESH.values(), ids=NEED_A_MESH)
def test_a_mesh_that_does_not_answer_is_told_with_its_log(tmp_path: Path, arguments: list[object]) -> None:
    with running(ScriptedMesh(), tmp_path) as state:
        record = json.loads((state / "mesh.json").read_text())
        (state / "mesh.json").write_text(json.dumps({**record, "admin_socket": str(tmp_path / "nothing.sock")}))
        said = failing(*arguments, "--state", state)
    assert said == f"mesh: the mesh in {state} does not answer yet or is ending; see {state}/logs/mesh.log\n"


def test_a_record_that_cannot_be_read_is_told_with_the_remedy(tmp_path: Path) -> None:
    open_state(tmp_path).close()
    (tmp_path / "mesh.json").write_text("{")
    assert f"cannot read {tmp_path}/mesh.json (" in failing("status", "--state", tmp_path)
    (tmp_path / "mesh.json").unlink()
    (tmp_path / "mesh.json").mkdir()
    said = failing("status", "--state", tmp_path)
    assert said == f"mesh: cannot read {tmp_path}/mesh.json: Is a directory; name another folder with --state\n"


def test_status_as_json_has_the_documented_shape(tmp_path: Path) -> None:
    with running(ScriptedMesh(), tmp_path) as state:
        found = json.loads(invoke("status", "--json", "--state", state).stdout)
    assert list(found) == ["workloads", "services", "edge"]
    wallet, edge = found["workloads"]
    assert wallet == {
        "name": "wallet-v1-0",
        "service": "wallet",
        "namespace": "shop",
        "version": "v1",
        "ready": True,
        "reason": "",
        "restarts": 2,
        "pid": 11,
        "spiffe_id": "spiffe://cluster.local/ns/shop/sa/wallet",
        "envoy": {"pid": 12, "rejected": []},
    }
    assert edge["envoy"]["rejected"][0]["message"] == "no such filter"
    assert found["edge"] == {"http": "http://127.0.0.1:8080"}
    assert found["services"] == [
        {"name": "wallet", "namespace": "shop", "ports": {"http-api": 8080, "grpc": 50051}},
        {"name": "fraud", "namespace": "risk", "ports": {"grpc": 7000}},
    ]


def test_status_lists_the_ports_services_are_called_at(tmp_path: Path) -> None:
    with running(ScriptedMesh(), tmp_path) as state:
        lines = invoke("status", "--state", state).stdout.splitlines()
    assert "service wallet.shop: 8080 (http-api), 50051 (grpc)" in lines
    assert "service fraud.risk: 7000 (grpc)" in lines


def test_status_says_who_is_not_ready_and_why_and_what_a_proxy_refused(tmp_path: Path) -> None:
    with running(ScriptedMesh(), tmp_path) as state:
        lines = invoke("status", "--state", state).stdout.splitlines()
    assert lines[0].split() == ["WORKLOAD", "VERSION", "READY", "RESTARTS", "PID", "PROXY", "IDENTITY"]
    assert lines[1].split()[:6] == ["wallet-v1-0", "v1", "yes", "2", "11", "12"]
    assert lines[2].split()[:6] == ["edge-0", "-", "no", "0", "-", "13"]
    assert "edge-0: its proxy does not answer" in lines
    assert lines[-3:-1] == ["proxies refuse: no such filter", "    edge-0: Listener"]
    assert "edge http: http://127.0.0.1:8080" in lines


def test_scale_names_what_it_started_and_stopped(tmp_path: Path) -> None:
    mesh = ScriptedMesh(Scale=admin_pb2.ScaleResponse(started=["wallet-v1-1"], stopped=["wallet-v2-0"]))
    with running(mesh, tmp_path) as state:
        assert invoke("scale", "wallet/v1=2", "--state", state).stdout == "started wallet-v1-1\nstopped wallet-v2-0\n"
    assert mesh.asked == [admin_pb2.ScaleRequest(service="wallet", version="v1", replicas=2)]


def test_scale_says_so_when_there_is_nothing_to_do(tmp_path: Path) -> None:
    with running(ScriptedMesh(Scale=admin_pb2.ScaleResponse()), tmp_path) as state:
        assert invoke("scale", "wallet=1", "--state", state).stdout == "wallet has 1 already\n"


def test_restart_shows_every_step_as_it_comes(tmp_path: Path) -> None:
    steps: list[Message] = [
        admin_pb2.RestartResponse(message=line) for line in ("wallet-v1-1: ready", "wallet-v1-0: stopped")
    ]
    with running(ScriptedMesh(Restart=steps), tmp_path) as state:
        assert invoke("restart", "wallet", "--state", state).stdout == "wallet-v1-1: ready\nwallet-v1-0: stopped\n"


@pytest.mark.parametrize(("method", "arguments"), [("Scale", ["scale", "walet=2"]), ("Restart", ["restart", "walet"])])
def test_what_the_mesh_refuses_is_one_line_and_exit_code_1(tmp_path: Path, method: str, arguments: list[str]) -> None:
    with running(ScriptedMesh(**{method: "there is no service walet"}), tmp_path) as state:
        assert failing(*arguments, "--state", state) == "mesh: there is no service walet\n"


def test_apply_shows_every_problem_the_mesh_found_and_changes_nothing(tmp_path: Path) -> None:
    problems = [
        admin_pb2.Problem(file="a.yaml", line=line, value=f"host {line}", rule="no service has it", remedy="name one")
        for line in (3, 1)
    ]
    with running(ScriptedMesh(Apply=admin_pb2.ApplyResponse(problems=problems)), tmp_path) as state:
        said = failing("apply", "-f", POLICY, "--state", state)
    assert said.splitlines() == [
        "a.yaml:1: host 1: no service has it; name one",
        "a.yaml:3: host 3: no service has it; name one",
        "2 problems; nothing was changed",
    ]


@pytest.mark.parametrize("command", ["apply", "diff"])
def test_a_file_that_is_missing_is_told_before_the_mesh_is_asked(tmp_path: Path, command: str) -> None:
    missing = tmp_path / "nowhere.yaml"
    said = failing(command, "-f", missing, "--state", tmp_path)
    assert said.startswith(f"{missing}: it cannot be read: No such file or directory; ")


def test_call_knows_who_can_call_whom(tmp_path: Path) -> None:
    with running(ScriptedMesh(), tmp_path) as state:
        call = ("call", "--state", state, "--from")
        assert "there is no workload nobody; there are edge, wallet" in failing(*call, "nobody", "wallet:50051", "Get")
        unknown = failing(*call, "edge", "moon:50051", "Get")
        assert unknown == "mesh: there is no service moon.shop; there are wallet.shop, fraud.risk\n"
        elsewhere = failing(*call, "wallet", "fraud:7000", "Get")
        assert elsewhere == "mesh: there is no service fraud.shop; did you mean fraud.risk:7000?\n"
        wrong_port = failing(*call, "edge", "wallet:1", "Get")
        assert wrong_port == "mesh: service wallet has no port 1; it has 8080, 50051\n"
        nowhere = failing("explain", "--state", state, "--from", "edge/nope", "wallet:50051", "Get")
        assert "there is no workload edge/nope; there are edge, wallet and their instances; from outside" in nowhere
        for_paths = failing(*call, "edge", "wallet:8080", "/accounts/1", code=2)
        assert "port http-api of wallet:8080 takes no gRPC, by its name; use curl" in for_paths
        explained = failing("explain", "--state", state, "--from", "wallet", "wallet:8080", "accounts", code=2)
        assert "port http-api of wallet:8080 takes no gRPC, by its name; name a path of HTTP" in explained
        no_methods = failing(*call, "wallet", "edge:80", "Get", code=2)
        assert "a gateway has no methods; name a service" in no_methods


WRONG_PLACES = {
    "no port": (("forward", "wallet:"), "'wallet:' is not SERVICE:PORT, such as inventory:50051"),
    "no digit": (("explain", "wallet:²", "Get"), "'wallet:²' is not SERVICE:PORT, such as inventory:50051"),
    "no port there is": (("call", "wallet:65536", "Get"), "'wallet:65536': a port is at most 65535"),
    "too many digits": (("forward", "wallet:99999999999"), "'wallet:99999999999' is not SERVICE:PORT"),
    "no address": (("forward", "wallet:50051", "--listen", "foo"), "'foo' is not HOST:PORT, such as 127.0.0.1:9000"),
    "no port to listen on": (
        ("forward", "wallet:50051", "--listen", "127.0.0.1:99999"),
        "'127.0.0.1:99999': a port is at most 65535",
    ),
}


@pytest.mark.parametrize(("arguments", "said"), WRONG_PLACES.values(), ids=WRONG_PLACES)
def test_what_is_no_place_to_call_is_wrong_use(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    with running(ScriptedMesh(), tmp_path) as state:
        assert f"Error: {said}" in failing(*arguments, "--from", "edge", "--state", state, code=2)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff", "this is no UTF-8 text"),
        (b" \n", "this is no token, which is one line of ASCII without spaces"),
        (b"one\ntwo", "this is no token, which is one line of ASCII without spaces"),
    ],
)
def test_what_is_no_token_is_not_sent_as_one(tmp_path: Path, content: bytes, said: str) -> None:
    token = tmp_path / "token"
    token.write_bytes(content)
    calling = ("explain", "--from", "wallet", "wallet:8080", "/", "--jwt", token)
    assert f"Error: --jwt {token}: {said}" in failing(*calling, "--state", tmp_path, code=2)


def test_an_endless_token_is_not_read_to_its_end(tmp_path: Path) -> None:
    calling = ("explain", "--from", "wallet", "wallet:8080", "/", "--jwt", "/dev/zero")
    assert "--jwt /dev/zero: the file has more than 67108864 bytes" in failing(*calling, "--state", tmp_path, code=2)


def test_one_proxy_that_takes_a_change_is_one(tmp_path: Path) -> None:
    taken = admin_pb2.ApplyResponse(policies=["VirtualService shop/wallet"], acknowledged=1, milliseconds=2)
    with running(ScriptedMesh(Apply=taken), tmp_path) as state:
        said = invoke("apply", "-f", POLICY, "--state", state).stdout
    assert said.splitlines()[-1] == "taken by 1 proxy in 2.0 ms"


def test_logs_are_shown_by_workload_and_can_be_narrowed(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    for name in ("wallet-v1-0", "wallet-v1-0.envoy", "edge-0.envoy", "orders-v1-0", "mesh"):
        (logs / f"{name}.log").write_text(f"of {name}\n")
    everything = invoke("logs", "--state", tmp_path).stdout.splitlines()
    assert "orders-v1-0 | of orders-v1-0" in everything
    assert len(everything) == 5
    of_wallet = ["wallet-v1-0.envoy | of wallet-v1-0.envoy", "wallet-v1-0 | of wallet-v1-0"]
    for name in ("wallet", "wallet-v1", "wallet-v1-0"):
        assert sorted(invoke("logs", name, "--state", tmp_path).stdout.splitlines()) == sorted(of_wallet)
    assert "there are no logs of moon" in failing("logs", "moon", "--state", tmp_path)


def test_traces_that_cannot_be_read_are_told_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "traces.db").write_text("hello")
    said = failing("trace", "last", "--state", tmp_path)
    assert said.startswith(f"mesh: {tmp_path}/traces.db cannot be read: file is not a database; end the mesh and ")


def test_where_spans_that_are_lost_are_told_is_said(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "mesh.log").write_text("")
    said = failing("trace", "last", "--state", tmp_path)
    assert said.endswith(f"; {tmp_path}/logs/mesh.log tells of spans that could not be kept\n")


def test_a_trace_that_is_not_there_is_told(tmp_path: Path) -> None:
    said = failing("trace", "last", "--state", tmp_path)
    assert said.startswith(f"mesh: there is no trace last in {tmp_path}/traces.db")


@pytest.mark.parametrize("command", ["apply", "delete", "diff"])
def test_files_that_cannot_be_read_are_told_as_json_where_json_is_asked_for(tmp_path: Path, command: str) -> None:
    missing = tmp_path / "nowhere.yaml"
    with running(ScriptedMesh(), tmp_path) as state:
        result = invoke(
            command, *(["--delete"] if command == "diff" else []), "-f", missing, "--json", "--state", state
        )
    (problem,) = json.loads(result.stdout)["problems"]
    assert (result.exit_code, result.stderr, problem["origin"]["file"]) == (1, "", str(missing))
