"""On a cluster: Kubernetes expands `$(NAME)` in variables and commands as `mesh up` does."""

import json
from typing import Any

import pytest

from loopmesh.run.expansion import expand, expand_variables
from tests.targets.kube import kubectl
from tests.targets.target import Application

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]
POD = "test-variables"
TOLD = {"POD_NAME": POD}
VALUES = {
    "T_A": "a",
    "T_B": "$(T_A)b $(T_C) $$(T_A) $(POD_NAME) $(HOSTNAME)",
    "T_C": "",
    "T_D": "[$(T_C)] $$$(T_A) $x $ $() $(T_A $(T_A)",
    "T_E": "$(T_A$(T_A) $$$$(T_A) $(T_B)",
}
WORDS = ("$(T_E)", "$(HOSTNAME)", "$(HOME)", "$$(T_A)", "$(T_A$(T_B)", "$(")
SHOW = "import json, os, sys; print(json.dumps([dict(os.environ), sys.argv[1:]]))"


def test_a_pod_gets_what_mesh_up_tells_a_program(shop_anywhere: Application) -> None:
    variables, words = started()
    told = {**TOLD, **expand_variables(VALUES, TOLD)}
    assert {name: variables[name] for name in told} == told
    assert words == [expand(word, told) for word in WORDS]


def started() -> tuple[dict[str, str], list[str]]:
    """The variables and words a program of a pod is started with."""
    kubectl("apply", "-f", "-", stdin=json.dumps(pod()))
    try:
        kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", f"pod/{POD}", "--timeout=60s")
        variables, words = json.loads(kubectl("logs", POD))
        return variables, words
    finally:
        kubectl("delete", "pod", POD, "--wait=false")


def pod() -> dict[str, Any]:
    """Its image is one that is there."""
    image = kubectl("-n", "shop", "get", "pod", "-l", "version", "-o", "jsonpath={.items[0].spec.containers[0].image}")
    written = [{"name": name, "value": value} for name, value in sorted(VALUES.items())]
    named = {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}
    container = {"name": "program", "image": image, "command": ["python", "-c", SHOW, *WORDS], "env": [named, *written]}
    metadata = {"name": POD, "labels": {"sidecar.istio.io/inject": "false"}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"containers": [container], "restartPolicy": "Never"},
    }
