"""What is sent when, message by message."""

import asyncio

from loopmesh.control import ProxyEvent
from loopmesh.control.resources import CLUSTER, ENDPOINT, LISTENER, ROUTE
from tests.control.configs import config, workload
from tests.control.conftest import Lab
from tests.control.connecting import WEB, connect
from tests.control.delta_client import DeltaClient, names, versions

OTHER = workload("db-v1-0", "db")


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
