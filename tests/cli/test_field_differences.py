"""How two texts of a policy differ, field by field, and when two policies mean the same."""

from dataclasses import dataclass, field

from loopmesh.model.difference import field_differences, mean_the_same
from loopmesh.model.policy import PolicyName, Source
from loopmesh.model.problem import Origin

Told = list[tuple[str, str | None, str | None]]


def told(before: object, after: object) -> Told:
    return [(one.path, one.before, one.after) for one in field_differences(before, after, "spec")]


def test_items_of_one_name_are_each_told_by_their_number() -> None:
    before = {"http": [{"name": "a", "timeout": "1s"}, {"name": "a", "timeout": "2s"}, {"name": "b"}]}
    after = {"http": [{"name": "a", "timeout": "3s"}, {"name": "a", "timeout": "4s"}, {"name": "b", "timeout": "5s"}]}
    assert told(before, after) == [
        ("spec.http[0].timeout", "1s", "3s"),
        ("spec.http[1].timeout", "2s", "4s"),
        ("spec.http[b].timeout", None, "5s"),
    ]


def test_an_item_whose_name_is_a_number_is_not_taken_for_the_one_that_stands_there() -> None:
    before = {"http": [{"name": "1", "timeout": "1s"}, {"timeout": "2s"}]}
    after = {"http": [{"name": "1", "timeout": "3s"}, {"timeout": "4s"}]}
    assert told(before, after) == [("spec.http[0].timeout", "1s", "3s"), ("spec.http[1].timeout", "2s", "4s")]


def test_named_items_in_another_order_are_told_as_the_order() -> None:
    assert told([{"name": "a", "x": 1}, {"name": "b"}], [{"name": "b"}, {"name": "a", "x": 2}]) == [
        ("spec[a].x", "1", "2"),
        ("spec", "a, b", "b, a"),
    ]


def test_a_removed_item_changes_no_order() -> None:
    assert told([{"name": "a"}, {"name": "b"}], [{"name": "b"}]) == [("spec[a].name", "a", None)]


def test_what_yaml_spells_alike_is_told_apart() -> None:
    assert told({"a": ["b, c"], "d": "1"}, {"a": ["b", "c"], "d": 1}) == [
        ("spec.a", '["b, c"]', '["b", "c"]'),
        ("spec.d", '"1"', "1"),
    ]


def test_something_in_place_of_nothing_is_told_as_what_it_holds() -> None:
    assert told({"mtls": {}, "x": "y"}, {"mtls": {"mode": "STRICT"}, "x": {"y": 1}}) == [
        ("spec.mtls.mode", None, "STRICT"),
        ("spec.x.y", None, "1"),
        ("spec.x", "y", None),
    ]


@dataclass(frozen=True)
class Rule:
    paths: tuple[str, ...] = ()
    sides: frozenset[str] = frozenset()
    ports: dict[int, str] = field(default_factory=dict)
    source: Source | None = None


NAME = PolicyName(kind="VirtualService", namespace="a", name="b")
READ = Source(policy=NAME, origin=Origin(file="x", line=1))
READ_ELSEWHERE = Source(policy=NAME, origin=Origin(file="y", line=2))


def test_policies_mean_the_same_wherever_they_were_read() -> None:
    one = Rule(paths=("/a",), sides=frozenset({"client", "server"}), ports={1: "a", 2: "b"}, source=READ)
    other = Rule(paths=("/a",), sides=frozenset({"server", "client"}), ports={2: "b", 1: "a"}, source=READ_ELSEWHERE)
    assert mean_the_same([one], [other])


def test_policies_that_only_look_alike_do_not_mean_the_same() -> None:
    assert not mean_the_same(Rule(paths=("/a, /b",)), Rule(paths=("/a", "/b")))
    assert not mean_the_same(Rule(sides=frozenset({"client"})), Rule(sides=frozenset({"server"})))
    assert not mean_the_same([Rule(paths=("/a",)), Rule()], [Rule(), Rule(paths=("/a",))])
