"""Which policies a refusal is blamed on, with a compiler that makes a listener of the policies it is told."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence

from envoy.config.listener.v3.listener_pb2 import Listener

from loopmesh.cli.blame import Refusal, blame
from loopmesh.compile import ProxyConfig
from loopmesh.control import Rejection
from loopmesh.model.mesh_settings import MESH_CONFIG
from loopmesh.model.policy import PolicyName, Source
from loopmesh.model.problem import InvalidInputError, Origin

LISTENER = "inbound|1"


def policy(name: str) -> PolicyName:
    return PolicyName(kind="EnvoyFilter", namespace="lab", name=name)


def refused(workload: str, message: str = "no") -> Rejection:
    return Rejection(workload=workload, resource_type="Listener", resources=(LISTENER,), message=message)


class Compiler:
    """Of each workload's listener, the policies it is made of; the first of them it does not go without."""

    def __init__(self, made_of: Mapping[str, Sequence[PolicyName]], needed: Collection[PolicyName] = ()) -> None:
        self.compiled = 0
        self._made_of = made_of
        self._needed = needed

    async def without(self, gone: Collection[PolicyName]) -> dict[str, ProxyConfig]:
        self.compiled += 1
        if any(name in self._needed for name in gone):
            raise InvalidInputError([])
        return {name: self._config(made_of, gone) for name, made_of in self._made_of.items()}

    def _config(self, made_of: Sequence[PolicyName], gone: Collection[PolicyName]) -> ProxyConfig:
        is_there = made_of[0] not in gone
        listener = Listener(name=" ".join(str(one) for one in made_of if one not in gone))
        return ProxyConfig(clusters={}, endpoints={}, listeners={LISTENER: listener} if is_there else {}, routes={})


def blamed(compiler: Compiler, rejections: Iterable[Rejection], suspects: Iterable[PolicyName]) -> list[list[str]]:
    """The names of the policies, by rejection."""
    sources = [Source(policy=one, origin=Origin(file="x.yaml", line=1)) for one in suspects]
    found: tuple[Refusal, ...] = asyncio.run(blame(rejections, sources, compiler.without))
    return [[one.policy.name for one in refusal.policies] for refusal in found]


GATEWAY, SCRIPT = policy("gateway"), policy("script")


def test_those_are_blamed_without_which_it_would_be_another() -> None:
    compiler = Compiler({"a-0": [GATEWAY, SCRIPT]})
    assert blamed(compiler, [refused("a-0")], [policy("other"), GATEWAY, SCRIPT]) == [["script"]]


def test_what_nothing_else_shapes_comes_of_those_without_which_it_would_not_be_there() -> None:
    compiler = Compiler({"a-0": [GATEWAY]})
    assert blamed(compiler, [refused("a-0")], [policy("other"), GATEWAY, SCRIPT]) == [["gateway"]]


def test_one_of_a_thousand_is_found_by_a_few_compilations() -> None:
    compiler = Compiler({"a-0": [GATEWAY, policy("700")]})
    assert blamed(compiler, [refused("a-0")], [policy(str(number)) for number in range(1000)]) == [["700"]]
    assert compiler.compiled < 25


def test_of_what_many_proxies_say_in_the_same_words_those_are_blamed_that_all_have_in_common() -> None:
    compiler = Compiler({"a-0": [GATEWAY, policy("a"), SCRIPT], "b-0": [GATEWAY, policy("b"), SCRIPT]})
    suspects = [policy("a"), policy("b"), SCRIPT]
    assert blamed(compiler, [refused("a-0"), refused("b-0")], suspects) == [["script"], ["script"]]
    found = blamed(compiler, [refused("a-0"), refused("b-0", "something else")], suspects)
    assert found == [["a", "script"], ["b", "script"]]


def test_the_mesh_config_is_blamed_where_no_other_is() -> None:
    compiler = Compiler({"a-0": [GATEWAY, MESH_CONFIG, SCRIPT], "b-0": [GATEWAY, MESH_CONFIG]})
    found = blamed(compiler, [refused("a-0"), refused("b-0", "something else")], [MESH_CONFIG, SCRIPT])
    assert found == [["script"], [MESH_CONFIG.name]]


def test_a_policy_that_others_need_keeps_no_other_from_being_blamed() -> None:
    compiler = Compiler({"a-0": [GATEWAY, SCRIPT]}, needed=[GATEWAY])
    assert blamed(compiler, [refused("a-0")], [GATEWAY, SCRIPT, policy("other")]) == [["script"]]


def test_a_single_suspect_is_blamed_without_being_asked() -> None:
    compiler = Compiler({})
    assert (blamed(compiler, [refused("a-0")], [SCRIPT]), compiler.compiled) == ([["script"]], 0)
