"""Policies nobody should have to read are refused by a running mesh, which goes on as if nothing had been said."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest

from loopmesh.cli.client import find_workload, get_status
from loopmesh.testing.mesh_process import MeshProcess

FOLDER = Path(__file__).parent / "foreign"
MOST_MEMORY_KIB = 1536 * 1024
METHOD = "/lab.clock.v1.ClockService/GetTime"
VIRTUAL_SERVICE = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: %s}\nspec:\n"
ALLOW = (
    "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: a%d}\n"
    "spec:\n  selector: {matchLabels: {app: %s}}\n  rules: [{to: [{operation: {paths: [/a]}}]}]\n---\n"
)
HOSTILE = {
    "malformed": (b"a: [b, {c\n", "hostile.yaml:2: YAML: "),
    "not_utf8": (b"kind: caf\xe9\n", "byte 0xe9: YAML here is UTF-8"),
    "bomb": (
        ("a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 60))).encode(),
        "a file has at most 2000000 values",
    ),
    "deep": (b"[" * 300_000, "nested 100 deep"),
    "ten_megabytes": (b"kind: " + b"x" * 10_000_000, "the policy is too large"),
    "beyond_any_file": (b"a: b\n" * 4_000_000, "a file has at most 16777216 bytes"),
    "ten_thousand_and_one_of_them_wrong": (
        "".join(ALLOW % (n, "clock") for n in range(10_000)).replace("{name: a0}", "{name: A0}").encode(),
        "hostile.yaml:3: metadata.name: A0",
    ),
    "an_expression_that_is_broken": (
        f"{VIRTUAL_SERVICE % 'r'}  hosts: [clock]\n"
        "  http: [{match: [{uri: {regex: '(open'}}], route: [{destination: {host: clock}}]}]\n".encode(),
        "spec.http[0].match[0].uri.regex: (open: ",
    ),
    "an_expression_too_costly_for_the_proxy": (
        f"{VIRTUAL_SERVICE % 'r'}  hosts: [clock]\n"
        "  http: [{match: [{uri: {regex: '((a{1,999}){1,999}){1,9}'}}],"
        " route: [{destination: {host: clock}}]}]\n".encode(),
        "invalid repetition size: {1,999}",
    ),
    "routes_that_delegate_in_a_circle": (
        f"{VIRTUAL_SERVICE % 'r'}  hosts: [clock]\n  http: [{{delegate: {{name: s}}}}]\n---\n"
        f"{VIRTUAL_SERVICE % 's'}  http: [{{delegate: {{name: s}}}}]\n".encode(),
        "VirtualService lab/",
    ),
    "two_that_contradict_each_other": (
        "".join(
            f"{VIRTUAL_SERVICE % name}  hosts: [clock]\n  http: [{{route: [{{destination: {{host: {host}}}}}]}}]\n---\n"
            for name, host in (("one", "clock"), ("two", "clock"))
        ).encode(),
        "VirtualService lab/two: host clock.lab.svc.cluster.local: VirtualService lab/one",
    ),
}


MANY = (
    """apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: many-%(number)d}
spec:
  selector: {matchLabels: {app: clock}}
  action: DENY
  rules: [{when: [{key: "request.headers[x-refused]", values: ["%(number)d"]}]}]
---
""",
    """apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: many-%(number)d}
spec:
  hosts: [many-%(number)d.example.com]
  resolution: STATIC
  ports: [{number: 80, name: http, protocol: HTTP}]
  endpoints: [{address: 127.0.0.1}]
---
""",
    """apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: many-%(number)d}
spec:
  host: many-%(number)d.example.com
  trafficPolicy: {connectionPool: {tcp: {maxConnections: 7}}}
---
""",
    """apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: many-%(number)d}
spec:
  hosts: [many-%(number)d.example.com]
  http: [{timeout: 3s, route: [{destination: {host: many-%(number)d.example.com}}]}]
---
""",
)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeshProcess]:
    arguments = ("--values", "values.yaml", "--policies", "policies")
    mesh = MeshProcess(state=tmp_path_factory.mktemp("lab") / "state", folder=FOLDER, up_arguments=arguments)
    mesh.up()
    yield mesh
    mesh.down()


@pytest.mark.parametrize("case", HOSTILE)
def test_it_is_refused_with_its_place_while_every_call_succeeds(lab: MeshProcess, tmp_path: Path, case: str) -> None:
    content, said = HOSTILE[case]
    path = tmp_path / "hostile.yaml"
    path.write_bytes(content)
    with ThreadPoolExecutor(1) as other, calls(lab) as call:
        applying = other.submit(lab.run, "apply", "-f", str(path), timeout_s=250)
        call(b"", timeout=10)
        while not applying.done():
            call(b"", timeout=10)
    result = applying.result()
    assert result.returncode == 1
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert lab.command("diff", "-f", "policies") == "nothing would change\n"
    assert most_memory_kib(lab.supervisor_pid) < MOST_MEMORY_KIB


def test_ten_thousand_policies_are_taken_while_every_call_succeeds(tmp_path: Path) -> None:
    path = tmp_path / "many.yaml"
    path.write_text("".join(policy % {"number": number} for number in range(2500) for policy in MANY))
    arguments = ("--values", "values.yaml", "--policies", "policies")
    mesh = MeshProcess(state=tmp_path / "state", folder=FOLDER, up_arguments=arguments)
    mesh.up()
    try:
        with ThreadPoolExecutor(1) as other, calls(mesh) as call:
            applying = other.submit(mesh.run, "apply", "-f", str(path), timeout_s=250)
            while not applying.done():
                call(b"", timeout=10)
            with pytest.raises(grpc.RpcError, match="RBAC: access denied"):
                call.with_call(b"", timeout=10, metadata=(("x-refused", "2499"),))
        assert applying.result().stdout.startswith("AuthorizationPolicy lab/many-0")
        assert applying.result().returncode == 0
        assert most_memory_kib(mesh.supervisor_pid) < MOST_MEMORY_KIB
    finally:
        mesh.down()


@contextmanager
def calls(mesh: MeshProcess) -> Iterator["grpc.UnaryUnaryMultiCallable[bytes, bytes]"]:
    """Calls clock as web, through web's proxy; a call that fails raises."""
    socket = find_workload(get_status(mesh.state), "web").outbound_socket
    with grpc.insecure_channel(f"unix:{socket}", [("grpc.default_authority", "clock:7000")]) as channel:
        yield channel.unary_unary(METHOD, bytes, bytes)


def most_memory_kib(pid: int) -> int:
    """The most that was ever resident (proc(5), VmHWM)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])
