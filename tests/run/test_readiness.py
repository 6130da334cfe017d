"""Who takes traffic, and why not."""

from dataclasses import replace
from pathlib import Path

import grpc
import pytest

from loopmesh.model.application import Health, HealthKind, Listen
from loopmesh.model.topology import Workload, WorkloadKind
from loopmesh.run.errors import RunError
from loopmesh.run.readiness import prober_of
from loopmesh.run.runtime_folder import WorkloadFolder
from tests.run.meshes import QUICK, gateway, lab, service, until

TCP = Health(kind=HealthKind.TCP)
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
    health = Health(kind=HealthKind.GRPC)
    workload = Workload(
        name="web-v1-0",
        kind=WorkloadKind.SIDECAR,
        namespace="lab",
        service="web",
        version="v1",
        labels={},
        health=health,
    )
    probe = prober_of(workload, folder)
    assert "UNAVAILABLE" in (nobody := await probe(10)).reason
    assert "health: tcp" not in nobody.reason, "it may only not have started yet"
    server = grpc.aio.server()
    server.add_insecure_port(f"unix:{folder.health}")
    await server.start()
    said = (await probe(10)).reason
    await server.stop(None)
    assert said.startswith("gRPC health check: UNIMPLEMENTED: ")
    remedy = "if the program has no gRPC health check, write `health: tcp` or `health: http:/PATH` in the values"
    assert said.endswith(f"; {remedy}")


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
