"""What a proxy refuses, and until when."""

import asyncio

from loopmesh.control.resources import LISTENER
from tests.control.configs import config
from tests.control.conftest import Lab
from tests.control.connecting import WEB, connect
from tests.control.delta_client import names


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
