"""What Istio's own code says, through the program that asks it."""

import os
from pathlib import Path

import pytest

from loopmesh.oracle import (
    BrokenError,
    Generator,
    OracleError,
    Question,
    RefusedError,
    breaking_policies,
    prepare_generator,
)
from tests.go import require_go

SERVICE = {
    "apiVersion": "networking.istio.io/v1",
    "kind": "ServiceEntry",
    "metadata": {"name": "orders", "namespace": "shop"},
    "spec": {
        "hosts": ["orders.shop.svc.cluster.local"],
        "location": "MESH_INTERNAL",
        "resolution": "STATIC",
        "ports": [{"number": 50051, "name": "grpc", "protocol": "GRPC"}],
    },
}
PROXY = {
    "name": "orders-0",
    "id": "sidecar~127.64.0.1~orders-0.shop~shop.svc.cluster.local",
    "metadata": {"NAMESPACE": "shop", "CLUSTER_ID": "Kubernetes", "ISTIO_VERSION": "1.31.0"},
}


def virtual_service(**spec: object) -> dict[str, object]:
    metadata = {"name": "orders", "namespace": "shop"}
    return {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": metadata, "spec": spec}


def question(*policies: dict[str, object], mesh_config: dict[str, object] | None = None) -> Question:
    return Question(mesh_config=mesh_config or {}, services=[SERVICE], policies=policies, proxies=[PROXY])


async def start() -> Generator:
    require_go()
    return await Generator.start(prepare_generator(os.environ, print))


async def test_questions_are_answered_one_after_the_other_without_a_trace_of_the_last() -> None:
    generator = await start()
    with_policy = await generator.ask(
        question(virtual_service(hosts=["orders"], http=[{"directResponse": {"status": 418}}]))
    )
    without = await generator.ask(question())
    await generator.close()
    statuses = [
        {route.direct_response.status for route in one.routes[0].virtual_hosts[0].routes}
        for one in (with_policy.proxies["orders-0"], without.proxies["orders-0"])
    ]
    assert statuses == [{418}, {0}]


async def test_what_istio_refuses_is_told_with_the_policy_it_is_about() -> None:
    generator = await start()
    fine = virtual_service(hosts=["orders"], http=[{"directResponse": {"status": 418}}])
    unknown_field = virtual_service(hosts=["orders"], http=[{"directResponse": {"stats": 418}}])
    invalid = virtual_service(hosts=["orders"], http=[{}])
    with pytest.raises(RefusedError) as refused:
        await generator.ask(question(fine, unknown_field, invalid))
    await generator.close()
    told = {refusal.policy: refusal.message for refusal in refused.value.refusals}
    assert told.keys() == {1, 2}
    assert "stats" in told[1]


async def test_a_question_it_cannot_answer_does_not_end_it() -> None:
    generator = await start()
    with pytest.raises(OracleError, match="generator failed"):
        await generator.ask(question(mesh_config={"defaultHttpRetryPolicy": 1}))
    assert (await generator.ask(question())).proxies
    await generator.close()


def policy(kind: str, name: str, **spec: object) -> dict[str, object]:
    return virtual_service(**spec) | {"kind": kind, "metadata": {"name": name, "namespace": "shop"}}


async def test_the_policies_that_istios_own_code_breaks_on_are_found_among_others() -> None:
    generator = await start()
    ports = [{"number": 80, "name": "http", "protocol": "HTTP"}]
    ejection = {"outlierDetection": {"interval": "1s"}}
    host = policy("ServiceEntry", "host", hosts=["*.example.com"], resolution="DYNAMIC_DNS", ports=ports)
    rule = policy("DestinationRule", "rule", host="*.example.com", trafficPolicy=ejection)
    teapot = [{"directResponse": {"status": 418}}]
    others = [policy("VirtualService", name, hosts=[f"{name}.example.com"], http=teapot) for name in "abc"]
    asked = question(others[0], host, others[1], rule, others[2])
    with pytest.raises(BrokenError) as broken:
        await generator.ask(asked)
    assert "goroutine" in broken.value.stack
    assert "goroutine" not in str(broken.value)
    assert await breaking_policies(generator, asked) == [1, 3]
    await generator.close()


async def test_a_generator_that_ends_says_why(tmp_path: Path) -> None:
    program = tmp_path / "generator"
    program.write_text("#!/bin/sh\nread line\necho 'out of memory' >&2\n")
    program.chmod(0o700)
    generator = await Generator.start(program)
    with pytest.raises(OracleError, match="ended: out of memory"):
        await generator.ask(question())
    await generator.close()
