"""The protocol, message by message."""

import asyncio
import logging
import stat
from pathlib import Path

import grpc
import pytest
from envoy.service.discovery.v3.ads_pb2_grpc import AggregatedDiscoveryServiceStub

from loopmesh.control import CertificateAuthority, ControlError, ControlPlane, ProxyEvent
from loopmesh.control.resources import CLUSTER, ENDPOINT, LISTENER, ROUTE, Versioner
from loopmesh.model.identity import TRUST_DOMAIN
from tests.control.configs import config, workload
from tests.control.conftest import Lab
from tests.control.delta_client import DeltaClient, names, versions
from tests.observing import wait_until

WEB = workload()
OTHER = workload("db-v1-0", "db")


async def connect(lab: Lab, *, initial: tuple[str, ...] = ("one", "two")) -> DeltaClient:
    """A proxy that has everything of `config(*initial)`."""
    lab.plane.admit(WEB)
    await lab.plane.push({WEB.name: config(*initial)})
    client = DeltaClient(lab.socket, WEB.node_id)
    await client.take_all((CLUSTER, ()), (ENDPOINT, initial), (LISTENER, ()), (ROUTE, ("outbound",)))
    assert await client.hears_nothing()
    return client


async def test_a_proxy_gets_everything_when_it_connects(lab: Lab) -> None:
    lab.plane.admit(WEB)
    report = await lab.plane.push({WEB.name: config("one", "two")})
    assert report.absent == (WEB.name,)
    async with DeltaClient(lab.socket, WEB.node_id) as client:
        held = await client.take_all((CLUSTER, ()), (ENDPOINT, ("one",)), (LISTENER, ()), (ROUTE, ("outbound",)))
        assert {type_url: list(found) for type_url, found in held.items()} == {
            CLUSTER: ["one", "two"],
            ENDPOINT: ["one"],
            LISTENER: ["in"],
            ROUTE: ["outbound"],
        }


async def test_events_tell_when_a_proxy_comes_is_configured_and_goes(lab: Lab) -> None:
    async with await connect(lab):
        assert lab.events == [(WEB.name, ProxyEvent.CONNECTED), (WEB.name, ProxyEvent.CONFIGURED)]
        assert lab.plane.connected(WEB.name)
        assert lab.plane.configured(WEB.name)
        lab.plane.dismiss(WEB.name)
        assert not lab.plane.connected(WEB.name)


async def test_only_what_changed_is_sent(lab: Lab) -> None:
    async with await connect(lab) as client:
        push = asyncio.create_task(lab.plane.push({WEB.name: config("one", "two", domain="b")}))
        response = await client.hear()
        assert (response.type_url, names(response)) == (ROUTE, ["outbound"])
        assert not push.done()
        await client.accept(response)
        report = await push
        assert report.acknowledged == (WEB.name,)
        assert await client.hears_nothing()


async def test_the_same_configuration_again_sends_nothing(lab: Lab) -> None:
    async with await connect(lab) as client:
        report = await lab.plane.push({WEB.name: config("one", "two")})
        assert report.acknowledged == (WEB.name,)
        assert await client.hears_nothing()


async def test_new_clusters_come_before_routes_and_old_ones_go_last(lab: Lab) -> None:
    async with await connect(lab, initial=("old",)) as client:
        push = asyncio.create_task(lab.plane.push({WEB.name: config("new", domain="b", listeners=("in", "out"))}))
        clusters = await client.hear()
        assert (clusters.type_url, names(clusters), list(clusters.removed_resources)) == (CLUSTER, ["new"], [])
        assert await client.hears_nothing()
        await client.say(ENDPOINT, resource_names_subscribe=["new"])
        endpoints = await client.hear()
        assert (endpoints.type_url, names(endpoints), list(endpoints.removed_resources)) == (ENDPOINT, ["new"], [])
        await client.accept(clusters)
        await client.accept(endpoints)
        listeners, routes = await client.hear(), await client.hear()
        assert [(r.type_url, names(r)) for r in (listeners, routes)] == [(LISTENER, ["out"]), (ROUTE, ["outbound"])]
        assert await client.hears_nothing()
        await client.accept(listeners)
        await client.accept(routes)
        gone = await client.hear(), await client.hear()
        assert [(r.type_url, names(r), list(r.removed_resources)) for r in gone] == [
            (CLUSTER, [], ["old"]),
            (ENDPOINT, [], ["old"]),
        ]
        for response in gone:
            await client.accept(response)
        assert (await push).acknowledged == (WEB.name,)


async def test_an_updated_cluster_gets_its_endpoints_again(lab: Lab) -> None:
    async with await connect(lab) as client:
        push = asyncio.create_task(lab.plane.push({WEB.name: config("one", "two", timeout_s=9)}))
        for type_url in (CLUSTER, ENDPOINT):
            response = await client.hear()
            assert (response.type_url, names(response)) == (type_url, ["one", "two"])
            await client.accept(response)
        await push


async def test_a_refused_resource_is_found_among_good_ones_and_not_sent_again(lab: Lab) -> None:
    async with await connect(lab, initial=("a",)) as client:
        broken = config("a", "b", "bad", "c")
        push = asyncio.create_task(lab.plane.push({WEB.name: broken}))
        sent = []
        for _ in range(5):
            response = await client.hear()
            sent.append(names(response))
            if "bad" in names(response):
                await client.refuse(response, "I do not like it")
            else:
                await client.accept(response)
        assert sent == [["b", "bad", "c"], ["b", "bad"], ["c"], ["b"], ["bad"]]
        report = await push
        assert report.acknowledged == ()
        (rejection,) = report.rejections
        assert (rejection.workload, rejection.resource_type) == (WEB.name, "Cluster")
        assert (rejection.resources, rejection.message) == (("bad",), "I do not like it")
        again = await lab.plane.push({WEB.name: broken})
        assert (again.rejections, again.acknowledged) == ((), (WEB.name,)), "it brings nothing that could be refused"
        assert lab.plane.rejections(WEB.name) == report.rejections
        assert await client.hears_nothing()


async def test_a_refusal_that_comes_late_is_none_of_the_push_after(lab: Lab) -> None:
    async with await connect(lab) as client:
        late = await lab.plane.push({WEB.name: config("one", "two", domain="bad")}, timeout_s=0.05)
        assert late.late == (WEB.name,)
        unrelated = config("one", "two", domain="bad", listeners=("in", "out"))
        push = asyncio.create_task(lab.plane.push({WEB.name: unrelated}))
        await client.refuse(await client.hear(), "bad domain")
        listeners = await client.hear()
        assert (listeners.type_url, names(listeners)) == (LISTENER, ["out"])
        await client.accept(listeners)
        report = await push
        assert (report.rejections, report.acknowledged) == ((), (WEB.name,))
        (rejection,) = lab.plane.rejections(WEB.name)
        assert rejection.message == "bad domain"


async def test_a_newer_version_that_is_refused_in_the_same_words_is_refused_anew(lab: Lab) -> None:
    async with await connect(lab) as client:
        for domain in ("bad", "worse"):
            push = asyncio.create_task(lab.plane.push({WEB.name: config("one", "two", domain=domain)}))
            await client.refuse(await client.hear(), "no")
            report = await push
            assert [one.message for one in report.rejections] == ["no"]
            assert report.acknowledged == ()


async def test_a_rejection_ends_with_an_accepted_version_or_the_old_one(lab: Lab) -> None:
    async with await connect(lab) as client:
        push = asyncio.create_task(lab.plane.push({WEB.name: config("one", "two", domain="bad")}))
        await client.refuse(await client.hear(), "bad domain")
        assert (await push).rejections
        report = await lab.plane.push({WEB.name: config("one", "two")})
        assert (report.rejections, report.acknowledged) == ((), (WEB.name,))
        assert await client.hears_nothing(), "the proxy never lost the old version"
        push = asyncio.create_task(lab.plane.push({WEB.name: config("one", "two", domain="good")}))
        await client.accept(await client.hear())
        assert (await push).acknowledged == (WEB.name,)
        assert lab.plane.rejections(WEB.name) == ()


async def test_an_answer_with_an_unknown_nonce_answers_nothing(lab: Lab) -> None:
    async with await connect(lab) as client:
        push = asyncio.create_task(lab.plane.push({WEB.name: config("one", "two", domain="b")}))
        response = await client.hear()
        await client.say(ROUTE, response_nonce="stale", error_detail={"message": "about something else"})
        assert await client.hears_nothing()
        assert not push.done()
        await client.accept(response)
        assert (await push).acknowledged == (WEB.name,)


async def test_a_name_asked_for_again_is_sent_again(lab: Lab) -> None:
    async with await connect(lab) as client:
        response = await client.ask(ENDPOINT, ["one"])
        assert names(response) == ["one"]


async def test_a_name_nobody_has_is_answered_as_removed_and_sent_once_it_exists(lab: Lab) -> None:
    async with await connect(lab) as client:
        response = await client.ask(ENDPOINT, ["three"])
        assert (names(response), list(response.removed_resources)) == ([], ["three"])
        await client.accept(response)
        push = asyncio.create_task(lab.plane.push({WEB.name: config("one", "two", "three")}))
        for type_url in (CLUSTER, ENDPOINT):
            response = await client.hear()
            assert (response.type_url, names(response)) == (type_url, ["three"])
            await client.accept(response)
        assert (await push).acknowledged == (WEB.name,)


async def test_what_is_not_wanted_any_more_is_not_sent(lab: Lab) -> None:
    async with await connect(lab) as client:
        await client.say(ROUTE, resource_names_unsubscribe=["outbound"])
        assert await client.hears_nothing()
        report = await lab.plane.push({WEB.name: config("one", "two", domain="b")})
        assert report.acknowledged == (WEB.name,)
        assert await client.hears_nothing()


async def test_a_star_asks_for_all_beside_names_until_it_is_taken_back(lab: Lab) -> None:
    lab.plane.admit(WEB)
    await lab.plane.push({WEB.name: config("one", "two")})
    async with DeltaClient(lab.socket, WEB.node_id) as client:
        assert names(await client.ask(CLUSTER, ["two"])) == ["two"]
        assert names(await client.ask(CLUSTER, ["*"])) == ["one"]
        await client.say(CLUSTER, resource_names_unsubscribe=["*"])
        assert names(await client.ask(CLUSTER, ["*"])) == ["one"]


async def test_two_pushes_quickly_end_with_the_second(lab: Lab) -> None:
    async with await connect(lab) as client:
        first = asyncio.create_task(lab.plane.push({WEB.name: config("one", "two", domain="b")}))
        one = await client.hear()
        second = asyncio.create_task(lab.plane.push({WEB.name: config("one", "two", domain="c")}))
        await client.accept(one)
        two = await client.hear()
        await client.accept(two)
        assert (await first).acknowledged == (await second).acknowledged == (WEB.name,)
        assert versions(one) != versions(two)
        assert await client.hears_nothing()


async def test_a_late_proxy_delays_nobody_and_still_gets_everything(lab: Lab) -> None:
    async with await connect(lab) as slow:
        lab.plane.admit(OTHER)
        report = await lab.plane.push({WEB.name: config("one", "two", "three", domain="b")}, timeout_s=0.05)
        assert report.late == (WEB.name,)
        report = await lab.plane.push({OTHER.name: config("one")}, timeout_s=10)
        assert report.absent == (OTHER.name,)
        seen = []
        for _ in range(2):
            response = await slow.hear()
            await slow.accept(response)
            seen.append(response.type_url)
        assert seen == [CLUSTER, ROUTE]


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
