"""What a program finds in its environment, and which program a command means."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from loopmesh.model.application import Application, Version
from loopmesh.model.problem import InvalidInputError
from loopmesh.model.topology import Outbound, Ports, Workload, place_service
from loopmesh.run.commands import check_commands, resolve_command
from loopmesh.run.environment import program_environment, proxy_environment, told_variables
from loopmesh.run.envoy_binary import find_bootstrap, find_envoy
from loopmesh.run.errors import RunError
from loopmesh.run.runtime_folder import WorkloadFolder
from tests.run.meshes import ORIGIN, service

LAB = Application(namespace="lab", services=(service(),))
PORTS = Ports(proxy=lambda: 40000, program=lambda: 41000)
WORKLOAD = place_service(LAB, service(), service().versions[0], 0, PORTS)
SOCKETS = WorkloadFolder(Path("/tmp/mesh-1/web-v1-0"))


def environment_of(
    workload: Workload = WORKLOAD, values: dict[str, str] | None = None, inherited: dict[str, str] | None = None
) -> dict[str, str]:
    database = Path("/state/data/web/web.db")
    told = told_variables(workload, values or {}, SOCKETS, database=database, receiver_port=4317)
    return program_environment(told, workload, SOCKETS, inherited or {})


def test_a_program_gets_the_contract_of_a_service() -> None:
    assert environment_of() == {
        "HOSTNAME": "web-v1-0",
        "POD_NAME": "web-v1-0",
        "LISTEN_ADDR": "unix:/tmp/mesh-1/web-v1-0/app.sock",
        "MESH_OUTBOUND": "unix:/tmp/mesh-1/web-v1-0/out.sock",
        "LOOPMESH_RUNTIME": "/tmp/mesh-1",
        "DATABASE_URL": "sqlite:////state/data/web/web.db",
        "OTEL_SERVICE_NAME": "web",
        "OTEL_RESOURCE_ATTRIBUTES": "service.version=v1,service.instance.id=web-v1-0",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        "OTEL_PROPAGATORS": "tracecontext,baggage",
        "no_proxy": "localhost,127.0.0.1",
    }


def test_a_program_that_listens_on_tcp_gets_its_loopback_port() -> None:
    environment = environment_of(replace(WORKLOAD, application_port=41000))
    assert environment["LISTEN_ADDR"] == "127.0.0.1:41000"
    assert environment["PORT"] == "41000"


def test_a_program_finds_where_to_dial_tcp_and_the_values_file_may_use_it() -> None:
    nats = Outbound(host="nats.lab.svc.cluster.local", port=4222, listen_port=42000, variable="MESH_TCP_NATS_4222")
    environment = environment_of(replace(WORKLOAD, outbound=(nats,)), {"NATS_URL": "nats://$(MESH_TCP_NATS_4222)"})
    assert environment["MESH_TCP_NATS_4222"] == "127.0.0.1:42000"
    assert environment["NATS_URL"] == "nats://127.0.0.1:42000"


def test_what_the_values_file_says_replaces_a_default() -> None:
    environment = environment_of(values={"DATABASE_URL": "postgresql://db", "A": "b"})
    assert environment["DATABASE_URL"] == "postgresql://db"
    assert environment["A"] == "b"


def test_a_variable_may_name_what_the_mesh_says_on_kubernetes_too() -> None:
    values = {"DB": "$(DATABASE_URL)", "WHO": "$(OTEL_SERVICE_NAME)/$(POD_NAME)", "AT": "$(LISTEN_ADDR)"}
    environment = environment_of(values=values)
    assert environment["DB"] == "sqlite:////state/data/web/web.db"
    assert environment["WHO"] == "web/web-v1-0"
    assert environment["AT"] == "unix:/tmp/mesh-1/web-v1-0/app.sock"


@pytest.mark.parametrize("name", ["HOSTNAME", "MESH_OUTBOUND", "LOOPMESH_RUNTIME", "HOME", "no_proxy"])
def test_what_a_container_does_not_name_is_not_named_here(name: str) -> None:
    assert environment_of(values={"A": f"$({name})"}, inherited={"HOME": "/home/me"})["A"] == f"$({name})"


def test_a_default_the_values_file_replaces_is_not_there_before_it() -> None:
    environment = environment_of(values={"A": "$(DATABASE_URL)", "DATABASE_URL": "mine", "E": "$(DATABASE_URL)"})
    assert (environment["A"], environment["E"]) == ("$(DATABASE_URL)", "mine")


def test_the_users_own_database_and_telemetry_addresses_do_not_reach_a_program() -> None:
    inherited = {
        "DATABASE_URL": "mine",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://backend",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://backend",
        "HOME": "/home/me",
        "no_proxy": "example.com",
    }
    environment = environment_of(inherited=inherited)
    assert environment["DATABASE_URL"] == "sqlite:////state/data/web/web.db"
    assert environment["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://127.0.0.1:4317"
    assert "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" not in environment
    assert environment["HOME"] == "/home/me"
    assert environment["no_proxy"] == "example.com,localhost,127.0.0.1"


def test_a_proxy_takes_nothing_but_the_search_path_from_the_user() -> None:
    environment = proxy_environment(SOCKETS, {"PATH": "/bin", "SECRET": "x"})
    assert environment == {"PATH": "/bin", "LOOPMESH_RUNTIME": "/tmp/mesh-1"}


def test_commands_mean_this_interpreter_a_path_from_the_folder_or_a_program_on_the_path(tmp_path: Path) -> None:
    program = tmp_path / "run.sh"
    program.touch(mode=0o755)
    assert resolve_command(("python", "-m", "x"), tmp_path, None) == (sys.executable, "-m", "x")
    assert resolve_command(("./run.sh", "a"), tmp_path, None) == (str(program), "a")
    assert resolve_command(("run.sh",), Path("/"), str(tmp_path)) == (str(program),)
    assert resolve_command(("run.sh",), Path("/"), "/bin") is None


def test_every_missing_program_is_named_before_anything_starts(tmp_path: Path) -> None:
    missing = tuple(
        replace(service(name), versions=(Version(name="v1", replicas=1, command=(f"no-{name}",)),))
        for name in ("api", "store")
    )
    with pytest.raises(InvalidInputError) as refused:
        check_commands(Application(namespace="lab", services=(*missing, service())), tmp_path, {"PATH": "/bin"})
    assert [problem.value for problem in refused.value.problems] == [
        "services.api: command no-api",
        "services.store: command no-store",
    ]
    assert {problem.origin for problem in refused.value.problems} == {ORIGIN}


def test_envoy_comes_from_the_wheel_or_from_envoy_path(tmp_path: Path) -> None:
    assert find_envoy({}).parts[-2:] == ("_bin", "envoy")
    assert find_envoy({"ENVOY_PATH": sys.executable}) == Path(sys.executable)
    with pytest.raises(RunError, match=r"no Envoy to execute at .*; ENVOY_PATH must name an Envoy binary"):
        find_envoy({"ENVOY_PATH": str(tmp_path)})


def test_the_bootstrap_file_is_found() -> None:
    assert find_bootstrap().name == "bootstrap.yaml"
