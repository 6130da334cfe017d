"""Both compilers' configurations of every case mean the same, but for what loopmesh declares."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from loopmesh.cli.istio_configuration import start_generator
from loopmesh.cli.verification import verify_with
from loopmesh.oracle import Generator
from loopmesh.policies import PolicySet, read_application
from tests.parity.case import Case, all_cases
from tests.parity.conftest import require_go

APPLICATION = read_application(Path(__file__).with_name("lab") / "values.yaml")
Asked = tuple[asyncio.AbstractEventLoop, Generator]


@pytest.fixture(scope="module")
def asked() -> Iterator[Asked]:
    require_go()
    loop = asyncio.new_event_loop()
    generator = loop.run_until_complete(start_generator(print))
    yield loop, generator
    loop.run_until_complete(generator.close())
    loop.close()


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.name)
def test_only_declared_differences(asked: Asked, case: Case) -> None:
    loop, generator = asked
    files = {"policies.yaml": case.policies, "meshconfig.yaml": case.mesh_config}
    given = [(name, text.encode()) for name, text in files.items() if text]
    policy_set = PolicySet.parse(given, APPLICATION.namespace)
    found = loop.run_until_complete(verify_with(generator, APPLICATION, policy_set))
    undeclared = dict.fromkeys(one.text for one in found if not one.reason)
    assert not undeclared, "\n".join(undeclared)
