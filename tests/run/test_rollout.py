"""Restarting and scaling keep a service able to answer."""

import asyncio
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from loopmesh.run.errors import RunError
from tests.run.meshes import QUICK, gateway, lab, service, until


async def test_a_new_instance_takes_traffic_before_an_old_one_is_drained_and_the_proxy_ends_last(
    tmp_path: Path,
) -> None:
    async with lab(tmp_path, service(replicas=2)) as mesh:
        await mesh.up()
        mark = len(mesh.notes)
        progress: list[str] = []
        await mesh.rollout.restart("web", progress.append)
        notes = mesh.notes[mark:]
        assert sorted(mesh.supervisor.ready) == ["web-v1-2", "web-v1-3"]
    for old, new in (("web-v1-0", "web-v1-2"), ("web-v1-1", "web-v1-3")):
        order = [
            f"{new} added",
            f"{new} takes traffic",
            f"{old} takes no traffic",
            f"{old} proxy drained",
            f"{old} program stopped",
            f"{old} proxy stopped",
            f"{old} removed",
        ]
        assert [note for note in notes if note in order] == order
    assert notes.index("web-v1-0 removed") < notes.index("web-v1-3 added")
    assert progress[:4] == ["web-v1-2: starting", "web-v1-2: ready", "web-v1-0: draining", "web-v1-0: stopped"]


async def test_instances_of_a_stateful_service_end_before_they_start_under_the_same_name(tmp_path: Path) -> None:
    async with lab(tmp_path, service(stateful=True)) as mesh:
        await mesh.up()
        before = mesh.status("web-v1-0")
        mark = len(mesh.notes)
        await mesh.rollout.restart("web", mesh.progress.append)
        assert mesh.supervisor.ready == {"web-v1-0"}
        assert mesh.status("web-v1-0").pid != before.pid
        assert mesh.status("web-v1-0").workload == before.workload
        notes = mesh.notes[mark:]
    assert notes.index("web-v1-0 proxy stopped") < notes.index("web-v1-0 program started")
    assert "web-v1-0 removed" not in notes


async def test_a_new_instance_that_does_not_get_ready_is_stopped_and_the_old_one_stays(tmp_path: Path) -> None:
    async with lab(tmp_path, script={"web-v1-1": {"crashes": 1000}}) as mesh:
        await mesh.up()
        with pytest.raises(RunError, match="web-v1-1 is not ready and keeps failing: proxy exited with code 1"):
            await mesh.rollout.restart("web", mesh.progress.append)
        assert [workload.name for workload in mesh.supervisor.workloads] == ["web-v1-0"]
        assert mesh.supervisor.ready == {"web-v1-0"}
        assert "web-v1-0 takes no traffic" not in mesh.notes


async def test_scaling_up_starts_and_scaling_down_drains_the_highest_number_first(tmp_path: Path) -> None:
    async with lab(tmp_path) as mesh:
        await mesh.up()
        scaled = await mesh.rollout.scale("web", "", 3)
        assert (scaled.started, scaled.stopped) == (("web-v1-1", "web-v1-2"), ())
        assert mesh.supervisor.ready == {"web-v1-0", "web-v1-1", "web-v1-2"}
        scaled = await mesh.rollout.scale("web", "v1", 1)
        assert (scaled.started, scaled.stopped) == ((), ("web-v1-1", "web-v1-2"))
        assert mesh.notes.index("web-v1-2 removed") < mesh.notes.index("web-v1-1 takes no traffic")
        await mesh.rollout.scale("web", "v1", 0)
        assert mesh.supervisor.workloads == ()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (("nobody", ""), "there is no service nobody; there are web"),
        (("web", "v9"), "service web has no version v9; name one of v1"),
    ],
)
async def test_unknown_names_are_refused_with_the_known_ones(
    tmp_path: Path, asked: tuple[str, str], expected: str
) -> None:
    async with lab(tmp_path) as mesh:
        with pytest.raises(RunError) as refused:
            await mesh.rollout.scale(*asked, 1)
    assert str(refused.value) == expected


async def test_draining_waits_until_the_calls_under_way_have_ended(tmp_path: Path) -> None:
    async with lab(tmp_path, timing=replace(QUICK, drain_s=60)) as mesh:
        await mesh.up()
        (mesh.folder / "calls").write_text("1")
        scaling = asyncio.create_task(mesh.rollout.scale("web", "v1", 0))
        await until("asked several times", lambda: mesh.notes.count("web-v1-0 proxy asked for calls") > 3)
        assert mesh.status("web-v1-0").pid
        (mesh.folder / "calls").write_text("0")
        await scaling
        assert "web-v1-0 program stopped" in mesh.notes


async def test_draining_gives_up_on_calls_that_do_not_end(tmp_path: Path) -> None:
    async with lab(tmp_path, timing=replace(QUICK, drain_s=0.2)) as mesh:
        await mesh.up()
        (mesh.folder / "calls").write_text("1")
        await mesh.rollout.scale("web", "v1", 0)
        assert "web-v1-0 program stopped" in mesh.notes


async def test_stopping_goes_from_the_outside_in_and_the_ways_out_end_last(tmp_path: Path) -> None:
    async with lab(tmp_path, service("api"), service("store"), gateways=(gateway(),)) as mesh:
        await mesh.up()
    notes = mesh.notes
    steps = [
        ["edge-0 proxy drained"],
        ["edge-0 proxy stopped"],
        ["api-v1-0 program stopped", "store-v1-0 program stopped"],
        ["api-v1-0 proxy stopped", "store-v1-0 proxy stopped"],
    ]
    for earlier, later in pairwise(steps):
        assert max(map(notes.index, earlier)) < min(map(notes.index, later))
    assert mesh.progress == ["draining the gateways", "stopping the programs", "stopping the proxies"]


async def test_stopping_in_the_middle_of_a_restart_ends_both(tmp_path: Path) -> None:
    async with lab(tmp_path, script={"web-v1-1": {"never_ready": True}}) as mesh:
        await mesh.up()
        (mesh.folder / "sick").touch()
        restart = asyncio.create_task(mesh.rollout.restart("web", mesh.progress.append))
        await until("new instance started", lambda: "web-v1-1 program started" in mesh.notes)
        await mesh.supervisor.stop(mesh.progress.append)
        with pytest.raises(RunError, match="the mesh is stopping"):
            await restart
        assert mesh.supervisor.workloads == ()
