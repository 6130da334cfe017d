"""A cluster with Istio, reached by the command in KUBECTL; the charts are installed already.

Calls as a workload are made in pods that run under its service account, each with a sidecar of its own.
"""

import json
import os
import re
import shlex
import subprocess
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import grpc

from tests.targets.target import Outcome

GRPC_PORT = 50051
IN_POD = (Path(__file__).parent / "in_pod.py").read_text()
SCRIPTS = "/tmp/script"
CODES = {code.value[0]: code for code in grpc.StatusCode}
TOLD_S = 10
CALLER = "caller-v1-0"
TIMES = re.compile(r'"(last_updated|version_info|nonce)": "[^"]*"')


def kubectl_command() -> list[str]:
    return shlex.split(os.environ.get("KUBECTL", "kubectl"))


def kubectl(*words: str, stdin: str | None = None) -> str:
    """What the command printed; its failure is the test's."""
    command = kubectl_command()
    answer = subprocess.run([*command, *words], input=stdin, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise AssertionError(f"kubectl {' '.join(words)}: {answer.stderr}")
    return answer.stdout


class KubeShop:
    def __init__(self) -> None:
        self._callers: dict[str, str] = {}

    @property
    def edge(self) -> str:
        """EDGE, or the address of the Service, for tests that run inside the cluster's network."""
        address = kubectl("-n", "shop", "get", "service", "edge", "-o", "jsonpath={.spec.clusterIP}")
        return os.environ.get("EDGE", f"http://{address}:80")

    def codes(self, caller: str, calls: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], grpc.StatusCode]:
        wanted = list(calls)
        questions = [{"target": f"{service}:{GRPC_PORT}", "path": path} for service, path in wanted]
        answers = self._ask(caller, questions)
        return {call: CODES[answer["code"]] for call, answer in zip(wanted, answers, strict=True)}

    def plaintext_answers(self, service: str) -> bool:
        """Asked by a pod without a sidecar, at the address of the service."""
        (answer,) = self._ask("stranger", [{"plain": f"{service}:{GRPC_PORT}"}])
        return bool(answer["answered"])

    def _ask(self, caller: str, questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if caller not in self._callers:
            self._callers[caller] = start_caller("shop", caller)
        return ask_in_pod("shop", self._callers[caller], questions)


def start_caller(namespace: str, caller: str) -> str:
    """A pod with the identity of `caller`, or with none and no sidecar for `stranger`; returns its name."""
    image = kubectl(
        "-n", namespace, "get", "pod", "-l", "version", "-o", "jsonpath={.items[0].spec.containers[0].image}"
    )
    name = f"test-caller-{caller}"
    container = {"name": "program", "image": image, "command": ["sleep", "infinity"]}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"sidecar.istio.io/inject": "false" if caller == "stranger" else "true"},
        },
        "spec": {
            "containers": [container],
            "serviceAccountName": "default" if caller == "stranger" else caller,
            "terminationGracePeriodSeconds": 0,
        },
    }
    kubectl("apply", "-f", "-", stdin=json.dumps(pod))
    kubectl("-n", namespace, "wait", "--for=condition=Ready", f"pod/{name}", "--timeout=120s")
    return name


def ask_in_pod(namespace: str, pod: str, questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    words = ("-n", namespace, "exec", "-i", pod, "-c", "program", "--", "python", "-c", IN_POD)
    answers: list[dict[str, Any]] = json.loads(kubectl(*words, stdin=json.dumps(questions)))
    return answers


class KubeLab:
    """The scripted application in namespace lab; its instances keep their scripts in a folder of their own pod."""

    def __init__(self) -> None:
        for instance in self._instances():
            self._run(instance, f"mkdir -p {SCRIPTS}")

    def say(self, instance: str = "all", **script: object) -> None:
        for one in self._instances() if instance == "all" else [instance]:
            self._run(one, f"cat > {SCRIPTS}/.new && mv {SCRIPTS}/.new {SCRIPTS}/{instance}.json", json.dumps(script))

    def forget(self) -> None:
        for instance in self._instances():
            self._run(instance, f"rm -f {SCRIPTS}/*")

    def arrived(self) -> Counter[str]:
        lines = {one: self._run(one, f"cat {SCRIPTS}/*.calls 2>/dev/null | wc -l") for one in self._instances()}
        return Counter({instance: int(count) for instance, count in lines.items()})

    def call(self, timeout_s: float = 10) -> Outcome:
        (outcome,) = self._call(1, timeout_s)
        return outcome

    def call_often(self, times: int) -> list[Outcome]:
        return self._call(times, 10)

    def _call(self, times: int, timeout_s: float) -> list[Outcome]:
        question = {"target": "backend:7000", "path": "/lab.scripted.v1.ScriptedService/Do", "timeout_s": timeout_s}
        answers = ask_in_pod("lab", CALLER, [question] * times)
        return [(CODES[answer["code"]], answer["details"]) for answer in answers]

    def apply(self, *documents: str) -> None:
        before = self._configuration()
        said = kubectl("apply", "-f", "-", stdin="\n---\n".join(documents))
        if all(line.endswith("unchanged") for line in said.splitlines()):
            return
        # istiod does not say when a proxy has what it was sent, so the proxy is asked until it has something new. A
        # policy that says the same in other words changes nothing there.
        deadline = time.monotonic() + TOLD_S
        after = self._configuration()
        while time.monotonic() < deadline and (after == before or after != (after := self._configuration())):
            pass

    def _configuration(self) -> str:
        """Routes and clusters of the caller's proxy, without the times at which they came."""
        words = ("-n", "lab", "exec", CALLER, "-c", "istio-proxy", "--", "pilot-agent", "request", "GET", "config_dump")
        return TIMES.sub("", kubectl(*words))

    def scale(self, replicas: int) -> None:
        kubectl("-n", "lab", "scale", "statefulset/backend-v1", f"--replicas={replicas}")
        kubectl("-n", "lab", "rollout", "status", "statefulset/backend-v1", "--timeout=120s")
        for instance in self._instances():
            self._run(instance, f"mkdir -p {SCRIPTS}")

    def _instances(self) -> list[str]:
        return kubectl(
            "-n", "lab", "get", "pod", "-l", "app=backend", "-o", "jsonpath={.items[*].metadata.name}"
        ).split()

    def _run(self, pod: str, script: str, stdin: str = "") -> str:
        return kubectl("-n", "lab", "exec", "-i", pod, "-c", "program", "--", "sh", "-c", script, stdin=stdin)
