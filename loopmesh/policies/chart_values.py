"""Values of Istio's own charts, which lie in a folder `install` beside the policies.

They install Istio and say nothing about calls, but for `meshConfig`, which loopmesh reads from a file of its own.
"""

from pathlib import PurePath

from loopmesh.model.problem import Origin, Problem
from loopmesh.policies.yaml_tree import Node

FOLDER = "install"
MESH_CONFIG = "meshConfig"


def is_chart_values(name: str, node: Node) -> bool:
    """A document of that folder which is no Kubernetes object."""
    is_object = isinstance(node.value, dict) and ("kind" in node.value or "apiVersion" in node.value)
    return PurePath(name).parent.name == FOLDER and not is_object


def check_chart_values(node: Node, problems: list[Problem]) -> None:
    """Notes a mesh config there: it would be in force on a cluster and not here."""
    if MESH_CONFIG in node.lines:
        rule = "the mesh config is read from meshconfig.yaml, and what installs Istio takes it from there"
        origin = Origin(file=node.origin.file, line=node.lines[MESH_CONFIG])
        problems.append(Problem(origin=origin, value=MESH_CONFIG, rule=rule, remedy="write it there"))
