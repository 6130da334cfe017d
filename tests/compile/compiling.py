"""Compiles policies of the tests and shows what a proxy gets, as plain data."""

import itertools
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message

from loopmesh.compile import compile_mesh
from loopmesh.model.topology import Ports, Topology, place
from loopmesh.policies import PolicySet, check_policies, read_application

TWO_NAMESPACES = Path(__file__).parent / "two_namespaces.yaml"


def configuration(workload: str, *policies: str, mesh_config: str = "") -> dict[str, Any]:
    """What the workload's proxy gets under these policies, by resource type and name."""
    application = read_application(TWO_NAMESPACES)
    files = [(f"{number}.yaml", text.encode()) for number, text in enumerate(policies)]
    files += [("meshconfig.yaml", mesh_config.encode())] if mesh_config else []
    checked = check_policies(PolicySet.parse(files, application.namespace), application)
    port = itertools.count(20_000).__next__
    workloads = place(application, Ports(proxy=port, program=port), checked.added_hosts)
    ready = frozenset(one.name for one in workloads)
    config = compile_mesh(Topology(application=application, workloads=workloads, ready=ready), checked)[workload]
    return {
        type_url.rpartition(".")[2]: {name: _plain(message) for name, message in messages.items()}
        for type_url, messages in config.resources().items()
    }


def _plain(message: Message) -> dict[str, Any]:
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


def destination_rule(spec: str, *, name: str = "rule", namespace: str = "shop") -> str:
    head = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\n"
    return f"{head}metadata: {{name: {name}, namespace: {namespace}}}\nspec: {{{spec}}}\n"
