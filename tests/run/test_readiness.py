"""Who takes traffic, and why not."""

from dataclasses import replace
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from loopmesh.model.application import Health, HealthKind, Listen
from loopmesh.model.problem import Origin
from loopmesh.model.topology import Workload, WorkloadKind
from loopmesh.run.errors import RunError
from loopmesh.run.readiness import prober_of
from loopmesh.run.runtime_folder import WorkloadFolder
from tests.run.meshes import QUICK, gateway, lab, service, until

TCP = Health(kind=HealthKind.TCP)
WEB = Workload(
    name="web-v1-0",
    kind=WorkloadKind.SIDECAR,
    namespace="lab",
    service="web",
    version="v1",
    labels={},
    health=Health(kind=HealthKind.GRPC),
    origin=Origin(file="values.yaml", line=3),
)
NO_HEALTH_CHECK = (
    "if the program has none, as is asked for by default, write `health: tcp` or `health: http:/PATH` at values.yaml:3"
)
NONE = Health(kind=HealthKind.NONE)


@pytest.mark.parametrize("health", [TCP, NONE])
@pytest.mark.parametrize("listen", list(Listen))
async def test_programs_without_a_health_endpoint_are_ready_once_they_run_and_their_proxy_is_configured(
    tmp_path: Path, health: Health, listen: Listen
) -> None:
    async with lab(tmp_path, service(health=health, listen=listen)) as mesh:
        await mesh.up()
        assert mesh.supervisor.ready == {"web-v1-0"}


async def test_a_gateway_is_ready_once_it_has_its_configuration(tmp_path: Path) -> None:
    script = {"edge-0": {"never_ready": True}}
    quick = replace(QUICK, ready_timeout_s=0.5)
    async with lab(tmp_path, gateways=(gateway(),), script=script, timing=quick) as mesh:
        await mesh.start()
        await until("asked", lambda: mesh.status("edge-0").reason == "its proxy has no configuration yet")
        with pytest.raises(RunError) as failure:
            await mesh.supervisor.wait_until_ready(["edge-0"])
        assert str(failure.value) == "edge-0 is not ready within 0.5 s: its proxy has no configuration yet"
    async with lab(tmp_path, gateways=(gateway(),)) as mesh:
        await mesh.up()
        assert mesh.supervisor.ready == {"edge-0", "web-v1-0"}


async def test_one_that_is_silent_for_several_probes_is_taken_out_and_comes_back(tmp_path: Path) -> None:
    async with lab(tmp_path) as mesh:
        await mesh.up()
        (mesh.folder / "sick").touch()
        await until("taken out", lambda: not mesh.supervisor.ready)
        assert mesh.status("web-v1-0").reason == "health check GET /healthz: status 503"
        assert mesh.status("web-v1-0").restarts == 0
        (mesh.folder / "sick").unlink()
        await mesh.supervisor.wait_until_ready()


async def test_a_program_can_tell_a_health_check_by_its_user_agent_as_on_kubernetes(tmp_path: Path) -> None:
    async with lab(tmp_path) as mesh:
        await mesh.up()
        assert "\r\nUser-Agent: kube-probe/" in (mesh.folder / "web-v1-0.asked").read_bytes().decode()


async def test_a_program_without_grpc_health_is_told_with_what_to_write_in_the_values(tmp_path: Path) -> None:
    folder = WorkloadFolder(tmp_path)
    probe = prober_of(WEB, folder)
    assert "UNAVAILABLE" in (nobody := await probe(10)).reason
    assert "health: tcp" not in nobody.reason, "it may only not have started yet"
    server = grpc.aio.server()
    server.add_insecure_port(f"unix:{folder.health}")
    await server.start()
    said = (await probe(10)).reason
    await server.stop(None)
    assert said.startswith("gRPC health check: UNIMPLEMENTED: ")
    assert said.endswith(f"; {NO_HEALTH_CHECK}")


class SaidByProxy(health_pb2_grpc.HealthServicer):  # type: ignore[misc]
    """Answers as a proxy does that has no answer of its program."""

    def __init__(self, reset_reason: str) -> None:
        self._words = f"upstream connect error or disconnect/reset before headers. reset reason: {reset_reason}"

    async def Check(
        self, request: health_pb2.HealthCheckRequest, context: "grpc.aio.ServicerContext[object, object]"
    ) -> health_pb2.HealthCheckResponse:
        await context.abort(grpc.StatusCode.UNAVAILABLE, self._words)
        raise AssertionError


@pytest.mark.parametrize(
    ("reset_reason", "remedy"),
    [
        ("protocol error", NO_HEALTH_CHECK),
        ("connection termination", NO_HEALTH_CHECK),
        ("remote connection failure", "the program must listen at 127.0.0.1:4711"),
    ],
)
async def test_a_program_that_speaks_otherwise_is_told_from_one_that_does_not_listen(
    tmp_path: Path, reset_reason: str, remedy: str
) -> None:
    folder = WorkloadFolder(tmp_path)
    server = grpc.aio.server()
    health_pb2_grpc.add_HealthServicer_to_server(SaidByProxy(reset_reason), server)
    server.add_insecure_port(f"unix:{folder.health}")
    await server.start()
    said = (await prober_of(replace(WEB, application_port=4711), folder)(10)).reason
    await server.stop(None)
    assert said.endswith(f"reset reason: {reset_reason}; {remedy}")


async def test_who_is_waited_for_and_why_is_told_while_waiting_and_at_the_end(tmp_path: Path) -> None:
    impatient = replace(QUICK, ready_timeout_s=3, waiting_told_every_s=0.02)  # busy programs are late to answer
    told: list[str] = []
    async with lab(tmp_path, service(replicas=2), timing=impatient) as mesh:
        (mesh.folder / "sick").touch()
        await mesh.start()
        with pytest.raises(RunError) as failure:
            await mesh.supervisor.wait_until_ready(report=told.append)
    reason = "health check GET /healthz: status 503"
    assert told.count(f"web-v1-0, web-v1-1: still waiting: {reason}") == 1
    assert str(failure.value) == f"web-v1-0 and web-v1-1 are not ready within 3 s: {reason}"


async def test_two_meshes_run_beside_each_other(tmp_path: Path) -> None:
    async with lab(tmp_path / "one") as one, lab(tmp_path / "two") as two:
        await one.up()
        await two.up()
        assert one.supervisor.ready == two.supervisor.ready == {"web-v1-0"}
        ports = [mesh.supervisor.workloads[0].inbound[0].listen_port for mesh in (one, two)]
        assert ports[0] != ports[1]


async def test_a_program_that_ignores_sigterm_does_not_hold_up_the_end_of_the_mesh(tmp_path: Path) -> None:
    impatient = replace(QUICK, program_grace_s=0.1)
    async with lab(tmp_path, service(env={"IGNORES_SIGTERM": "yes"}), timing=impatient) as mesh:
        await mesh.up()
    assert "web-v1-0 program ignored" in mesh.notes
    assert mesh.notes[-1] == "web-v1-0 proxy stopped"
