"""Compiles policies of the tests and shows what a proxy gets, as plain data."""

import itertools
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message

from loopmesh.compile import ProxyConfig, compile_mesh
from loopmesh.model.topology import Ports, Topology, place
from loopmesh.policies import PolicySet, check_policies, read_application

TWO_NAMESPACES = Path(__file__).parent / "two_namespaces.yaml"


def configuration(workload: str, *policies: str, mesh_config: str = "") -> dict[str, Any]:
    """What the workload's proxy gets under these policies, by resource type and name."""
    config = compiled_mesh(*policies, mesh_config=mesh_config)[workload]
    return {
        type_url.rpartition(".")[2]: {name: _plain(message) for name, message in messages.items()}
        for type_url, messages in config.resources().items()
    }


def compiled_mesh(*policies: str, mesh_config: str = "") -> dict[str, ProxyConfig]:
    """What every proxy gets, all workloads ready."""
    application = read_application(TWO_NAMESPACES)
    files = [(f"{number}.yaml", text.encode()) for number, text in enumerate(policies)]
    files += [("meshconfig.yaml", mesh_config.encode())] if mesh_config else []
    checked = check_policies(PolicySet.parse(files, application.namespace), application)
    port = itertools.count(20_000).__next__
    workloads = place(application, Ports(proxy=port, program=port), checked.added_hosts)
    ready = frozenset(one.name for one in workloads)
    return compile_mesh(Topology(application=application, workloads=workloads, ready=ready), checked)


def _plain(message: Message) -> dict[str, Any]:
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


def destination_rule(spec: str, *, name: str = "rule", namespace: str = "shop") -> str:
    head = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\n"
    return f"{head}metadata: {{name: {name}, namespace: {namespace}}}\nspec: {{{spec}}}\n"
