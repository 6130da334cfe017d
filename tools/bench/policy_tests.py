"""The pytest plugin: until the first test has its mesh and its answer, and what a policy of its own costs each test."""

import tempfile
import time
from pathlib import Path

from loopmesh.testing import Mesh, MeshOptions, MeshSession
from tools.bench.figures import Figure, print_goal
from tools.bench.synthetic import PORT, policies_of, write_policies, write_values

FIRST_GOAL_S = 3
FURTHER_GOAL_MS = 200
SCRIPTED = ("python", "-m", "loopmesh.scripted")
SERVICES = 3


def measure_policy_tests(rounds: int, tests: int) -> None:
    first, further = [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            values = write_values(folder, SERVICES, command=SCRIPTED, health="tcp")
            options = MeshOptions(values=values, policies=write_policies(folder, SERVICES), folder=folder)
            started = time.perf_counter()
            session = MeshSession(options, folder)
            try:
                _call(Mesh(session))
                first.append(time.perf_counter() - started)
                further += [_test_ms(session, number) for number in range(tests)]
            finally:
                session.stop()
    figure = Figure(name="first policy test: mesh started, call answered", unit="s", values=first)
    print(figure)
    print_goal(figure, FIRST_GOAL_S)
    figure = Figure(name="each further one: policy, call, all taken back", unit="ms", values=further)
    print(figure)
    print_goal(figure, FURTHER_GOAL_MS)


def _test_ms(session: MeshSession, number: int) -> float:
    started = time.perf_counter()
    mesh = Mesh(session)
    mesh.apply(policies_of(1, timeout_ms=1001 + number))
    _call(mesh)
    session.restore()
    return (time.perf_counter() - started) * 1000


def _call(mesh: Mesh) -> None:
    answer = mesh.call("s0", f"s1:{PORT}")
    if not answer.ok:
        raise RuntimeError(f"a call of the bench failed: {answer}")
