"""Who may connect, by which socket, and what a proxy that comes back is told."""

import asyncio
import logging
import stat
from pathlib import Path

import grpc
import pytest
from envoy.service.discovery.v3.ads_pb2_grpc import AggregatedDiscoveryServiceStub

from loopmesh.control import CertificateAuthority, ControlError, ControlPlane
from loopmesh.control.resources import CLUSTER, ENDPOINT, LISTENER, ROUTE, Versioner
from loopmesh.model.identity import TRUST_DOMAIN
from tests.control.configs import config
from tests.control.conftest import Lab
from tests.control.connecting import WEB, connect
from tests.control.delta_client import DeltaClient, names
from tests.observing import wait_until


async def test_a_proxy_that_comes_back_gets_only_what_it_has_not(lab: Lab) -> None:
    lab.plane.admit(WEB)
    await lab.plane.push({WEB.name: config("one", "two")})
    async with DeltaClient(lab.socket, WEB.node_id) as client:
        held = await client.take_all((CLUSTER, ()), (ROUTE, ("outbound",)))
    await lab.plane.push({WEB.name: config("two", "three")})
    async with DeltaClient(lab.socket, WEB.node_id) as client:
        clusters = await client.ask(CLUSTER, having=held[CLUSTER])
        assert (names(clusters), list(clusters.removed_resources)) == (["three"], []), "routes may still use the others"
        await client.say(ROUTE, resource_names_subscribe=["outbound"], initial_resource_versions=held[ROUTE])
        assert await client.hears_nothing()
        await client.say(LISTENER)
        await client.accept(await client.hear())
        await client.accept(await client.ask(ENDPOINT, ["two", "three"]))
        await client.accept(clusters)
        gone = await client.hear()
        assert (gone.type_url, list(gone.removed_resources)) == (CLUSTER, ["one"])


async def test_nothing_is_said_before_the_first_push(lab: Lab) -> None:
    """A control plane that starts again must not take away what proxies have."""
    async with await connect(lab, initial=("one",)):
        pass
    held = {name: found.version for name, found in Versioner().snapshot(config("one")).of(CLUSTER).items()}
    plane = ControlPlane(lab.socket, CertificateAuthority.create(TRUST_DOMAIN, lambda: 0.0))
    plane.admit(WEB)
    await plane.start()
    async with DeltaClient(lab.socket, WEB.node_id) as client:
        await client.say(CLUSTER, initial_resource_versions=held)
        await wait_until("connected", lambda: asyncio.sleep(0, plane.connected(WEB.name)))
        push = asyncio.create_task(plane.push({WEB.name: config("one")}))
        response = await client.hear()
        assert (names(response), list(response.removed_resources)) == ([], [])
        push.cancel()
    await plane.stop()


async def test_the_newest_stream_of_a_proxy_counts(lab: Lab) -> None:
    async with await connect(lab) as first, DeltaClient(lab.socket, WEB.node_id) as second:
        await second.ask(CLUSTER)
        assert await asyncio.wait_for(first.call.read(), 10) is grpc.aio.EOF
        assert lab.plane.connected(WEB.name)


async def test_a_proxy_nobody_started_is_refused_and_logged(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    for secrets in (False, True):
        async with DeltaClient(lab.socket, "sidecar~1.2.3.4~stranger~x", secrets=secrets) as client:
            await client.say(CLUSTER)
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await client.call.read()
            assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert [record.levelno for record in caplog.records if "stranger" in record.message] == [logging.WARNING] * 2


async def test_state_of_the_world_is_refused_with_what_to_do(lab: Lab) -> None:
    async with grpc.aio.insecure_channel(f"unix:{lab.socket}") as channel:
        call = AggregatedDiscoveryServiceStub(channel).StreamAggregatedResources(iter(()))
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call.read()
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert "DELTA_GRPC" in (refused.value.details() or "")


async def test_the_socket_is_the_users_own(lab: Lab) -> None:
    assert stat.S_IMODE(lab.socket.stat().st_mode) == 0o600


async def test_a_socket_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing" / "control.sock"
    plane = ControlPlane(missing, CertificateAuthority.create(TRUST_DOMAIN, lambda: 0.0))
    with pytest.raises(ControlError, match=r"cannot listen on .*missing/control\.sock"):
        await plane.start()


async def test_a_socket_left_behind_is_taken_over(lab: Lab) -> None:
    """After kill -9 the file is still there."""
    plane = ControlPlane(lab.socket, CertificateAuthority.create(TRUST_DOMAIN, lambda: 0.0))
    plane.admit(WEB)
    await plane.start()
    await plane.push({WEB.name: config("mine")})
    async with DeltaClient(lab.socket, WEB.node_id) as client:
        assert names(await client.ask(CLUSTER)) == ["mine"]
    await plane.stop()
