"""What policies make of the proxies' configuration, kind by kind: `x.in.yaml` beside `x.out.diff`.

A golden holds what the policies change, resource by resource, as a difference to the configuration without any.
`UPDATE_GOLDENS=1 pytest tests/compile` writes them anew and removes those without an input.
"""

import difflib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml
from google.protobuf import json_format
from google.protobuf.message import Message

from loopmesh.compile import ProxyConfig, compile_mesh
from loopmesh.compile.rendering import assumed_topology
from loopmesh.policies import PolicySet, check_policies, read_application
from loopmesh.policies.document import API_VERSIONS
from tests.compile.compiling import TWO_NAMESPACES
from tests.goldens import assert_golden, left_over

FOLDER = Path(__file__).parent / "goldens"
INPUTS = sorted(FOLDER.glob("*.in.yaml"))
CONTEXT_LINES = 2


def golden(file: Path) -> Path:
    return file.with_name(file.name.replace(".in.yaml", ".out.diff"))


@pytest.mark.parametrize("file", INPUTS, ids=lambda file: file.name.partition(".")[0])
def test_policies_change_what_they_are_known_to_change(file: Path) -> None:
    before, after = compiled(), compiled(file.read_text())
    changed: dict[str, list[str]] = {}
    for workload, config in after.items():
        for text in changes(before[workload], config):
            changed.setdefault(text, []).append(workload)
    assert changed, "policies that change nothing prove nothing"
    parts = [f"# {', '.join(workloads)}\n{text}" for text, workloads in changed.items()]
    assert_golden(golden(file), "\n".join(parts))


def compiled(policies: str = "") -> Mapping[str, ProxyConfig]:
    application = read_application(TWO_NAMESPACES)
    checked = check_policies(PolicySet.parse([("in.yaml", policies.encode())], application.namespace), application)
    return compile_mesh(assumed_topology(application, checked), checked)


def changes(before: ProxyConfig, after: ProxyConfig) -> Iterator[str]:
    """A text for each resource that differs, is new or is gone."""
    known = before.resources()
    for type_url, messages in after.resources().items():
        kind, earlier = type_url.rpartition(".")[2], known.get(type_url, {})
        for name in sorted({*earlier, *messages}):
            lines = difflib.unified_diff(rendered(earlier, name), rendered(messages, name), n=CONTEXT_LINES)
            if found := list(lines)[2:]:
                yield f"## {kind} {name}\n" + "".join(found)


def rendered(messages: Mapping[str, Message], name: str) -> list[str]:
    if name not in messages:
        return []
    plain = json.loads(json_format.MessageToJson(messages[name], preserving_proto_field_name=True))
    return yaml.dump(plain, Dumper=yaml.CSafeDumper, width=120).splitlines(keepends=True)


def test_no_golden_outlives_its_input() -> None:
    inputs = {golden(file) for file in INPUTS}
    assert not left_over([file for file in FOLDER.glob("*.out.diff") if file not in inputs])


def test_every_kind_has_a_golden() -> None:
    texts = [file.read_text() for file in INPUTS]
    assert [kind for kind in API_VERSIONS if not any(f"kind: {kind}\n" in text for text in texts)] == []
