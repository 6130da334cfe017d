"""The examples in the reference of Istio's API: comments of its messages, read from the Go module."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import yaml

from loopmesh.model.application import Application
from loopmesh.policies import read_application
from tests.parity.istio_policies import Policy, module_folder, policies_of

FOLDER = Path(__file__).with_name("reference")
APPLICATION = read_application(FOLDER / "values.yaml")
EXAMPLE = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)


def examples() -> dict[str, list[Policy]]:
    """By `file.proto#number`, of which those without a policy count too; none without Go."""
    module = module_folder("istio.io/api")
    paths = sorted(module.rglob("*.proto")) if module else []
    return {name: policies for path in paths for name, policies in _examples_of(path)}


def _examples_of(path: Path) -> Iterator[tuple[str, list[Policy]]]:
    comments = (line.strip().removeprefix("//").removeprefix(" ") for line in path.read_text().splitlines())
    for number, text in enumerate(EXAMPLE.findall("\n".join(comments))):
        if policies := policies_of(text):
            yield f"{path.name}#{number}", policies


def with_companions(name: str, policies: list[Policy]) -> list[tuple[str, str]]:
    """Files: the example, what it refers to and does not define, and a mesh config with the providers it names."""
    text = yaml.safe_dump_all(policies)
    companions = [
        one for one in policies_of((FOLDER / "companions.yaml").read_text()) if _is_named(one, text, policies)
    ]
    return [
        ("companions.yaml", yaml.safe_dump_all(companions)),
        (name, text),
        ("meshconfig.yaml", (FOLDER / "meshconfig.yaml").read_text()),
    ]


def application_of(files: list[tuple[str, str]]) -> Application:
    """Of the values what the files name: an example of the whole of them would take long to compile."""
    text = "\n".join(said for _, said in files)
    services = [
        one for one in APPLICATION.services if _occurs(one.namespace if one.name == "client" else one.name, text)
    ]
    gateways = [one for one in APPLICATION.gateways if all(_occurs(value, text) for value in one.labels.values())]
    return replace(APPLICATION, services=tuple(services), gateways=tuple(gateways))


def _occurs(name: str, text: str) -> bool:
    return name == APPLICATION.namespace or re.search(rf"(?<![\w-]){re.escape(name)}\b", text) is not None


def _is_named(companion: Policy, text: str, policies: list[Policy]) -> bool:
    said = {one["kind"]: one["spec"] for one in policies}
    spec, metadata = companion["spec"], companion["metadata"]
    assert isinstance(spec, dict)
    assert isinstance(metadata, dict)
    hosts = [spec["host"]] if "host" in spec else spec.get("hosts", [metadata["name"]])
    return companion["kind"] not in said and any(re.search(rf"(?<![\w.-]){re.escape(host)}\b", text) for host in hosts)
