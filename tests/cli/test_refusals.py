"""What proxies refused, as users read it."""

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.refusals import refusal_lines

SCRIPT = "script load error: [string \"this is no Lua\"]:1: '=' expected near 'is'"


def refused(workload: str, *listeners: str, policy: str = "EnvoyFilter lab/script") -> admin_pb2.Rejection:
    said = "".join(f"{listener}: {SCRIPT}\n\n" for listener in listeners)
    return admin_pb2.Rejection(
        workload=workload,
        resource_type="Listener",
        resources=listeners,
        message=f"Error adding/updating listener(s) {said}",
        policies=[policy],
        places=["bad.yaml:3"],
    )


def test_what_many_proxies_say_of_a_policy_is_told_once_with_its_place_and_who_they_are() -> None:
    lines = refusal_lines([refused("a-0", "inbound|1"), refused("b-0", "inbound|1", "inbound|2")])
    assert list(lines) == [
        f"bad.yaml:3: EnvoyFilter lab/script: proxies refuse what comes of it: {SCRIPT}",
        "    a-0: Listener inbound|1",
        "    b-0: Listener inbound|1, inbound|2",
    ]


def test_words_that_differ_only_as_protobuf_prints_them_are_the_same() -> None:
    said = "Invalid duration: Duration out-of-range: goo.gle/%s  seconds: 9223372036"
    rejections = [
        admin_pb2.Rejection(workload=name, resource_type="Cluster", resources=["x"], message=said % word)
        for name, word in (("a-0", "debugstr"), ("b-0", "debugonly"))
    ]
    assert list(refusal_lines(rejections)) == [
        "proxies refuse: Invalid duration: Duration out-of-range: seconds: 9223372036",
        "    a-0: Cluster x",
        "    b-0: Cluster x",
    ]


def test_each_policy_has_its_own_lines() -> None:
    lines = list(refusal_lines([refused("a-0", "x"), refused("a-0", "x", policy="EnvoyFilter lab/other")]))
    assert [line.split(": ")[1] for line in lines if not line.startswith(" ")] == [
        "EnvoyFilter lab/script",
        "EnvoyFilter lab/other",
    ]


def test_without_a_policy_it_is_the_proxies_words() -> None:
    rejection = admin_pb2.Rejection(workload="a-0", resource_type="Cluster", resources=["x"], message="no")
    assert list(refusal_lines([rejection])) == ["proxies refuse: no", "    a-0: Cluster x"]
