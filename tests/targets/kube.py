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
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc

from loopmesh.control.authority import Certificate
from tests.targets.asking import SCRIPT, tls_answer, tls_question
from tests.targets.target import Call, Outcome, TlsAnswer

STRANGER = "stranger"
IN_POD = SCRIPT.read_text()
SCRIPTS = "/tmp/script"
CODES = {code.value[0]: code for code in grpc.StatusCode}
TOLD_S = 10
LAB, CALLER = "scripted", "caller-v1-0"
TIMES = re.compile(r'"(last_updated|version_info|nonce)": "[^"]*"')


def kubectl_command() -> list[str]:
    return shlex.split(os.environ.get("KUBECTL", "kubectl"))


def helm_command() -> list[str]:
    return shlex.split(os.environ.get("HELM", "helm"))


def kubectl(*words: str, stdin: str | None = None) -> str:
    """What the command printed; its failure is the test's."""
    command = kubectl_command()
    answer = subprocess.run([*command, *words], input=stdin, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise AssertionError(f"kubectl {' '.join(words)}: {answer.stderr}")
    return answer.stdout


def helm(*words: str, stdin: str | None = None) -> str:
    """The same of helm."""
    answer = subprocess.run([*helm_command(), *words], input=stdin, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise AssertionError(f"helm {' '.join(words)}: {answer.stderr}")
    return answer.stdout


def edge_of_shop() -> str:
    """EDGE, or the address of the Service, for tests that run inside the cluster's network."""
    if said := os.environ.get("EDGE"):
        return said
    return f"http://{kubectl('-n', 'shop', 'get', 'service', 'edge', '-o', 'jsonpath={.spec.clusterIP}')}:80"


@contextmanager
def forwarded(namespace: str, service: str) -> Iterator[str]:
    """The base URL of port 80 of a service, as long as the pod behind it lives."""
    words = ("-n", namespace, "port-forward", f"service/{service}", ":80")
    with subprocess.Popen([*kubectl_command(), *words], stdout=subprocess.PIPE, text=True) as forwarding:
        assert forwarding.stdout
        # Forwarding from 127.0.0.1:40123 -> 8080
        yield f"http://{forwarding.stdout.readline().split()[2]}"
        forwarding.terminate()


@dataclass
class KubeApplication:
    namespace: str
    edge: str
    _callers: dict[str, str] = field(default_factory=dict)

    def codes(self, caller: str, calls: Iterable[Call]) -> Mapping[Call, grpc.StatusCode]:
        wanted = list(calls)
        answers = self._ask(caller, [{"target": target, "path": path} for target, path in wanted])
        return {call: CODES[answer["code"]] for call, answer in zip(wanted, answers, strict=True)}

    def plaintext_answers(self, target: str) -> bool:
        """Asked by a pod without a sidecar, at the address of the service."""
        (answer,) = self._ask(STRANGER, [{"plain": target, "path": "/"}])
        return answer["status"] is not None

    def tls(self, target: str, path: str, certificate: Certificate | None) -> TlsAnswer:
        """By the same pod."""
        (answer,) = self._ask(STRANGER, [tls_question(target, path, certificate)])
        return tls_answer(answer)

    def _ask(self, caller: str, questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if caller not in self._callers:
            self._callers[caller] = start_caller(self.namespace, caller)
        return ask_in_pod(self.namespace, self._callers[caller], questions)


def start_caller(namespace: str, caller: str) -> str:
    """A pod with the identity of `caller`, or with none and no sidecar for STRANGER; returns its name."""
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
            "labels": {"tests": "caller", "sidecar.istio.io/inject": "false" if caller == STRANGER else "true"},
        },
        "spec": {
            "containers": [container],
            "serviceAccountName": "default" if caller == STRANGER else caller,
            "terminationGracePeriodSeconds": 0,
        },
    }
    kubectl("apply", "-f", "-", stdin=json.dumps(pod))
    kubectl("-n", namespace, "wait", "--for=condition=Ready", f"pod/{name}", "--timeout=120s")
    return name


def end_callers() -> None:
    kubectl("delete", "pod", "--all-namespaces", "--selector", "tests=caller", "--wait=false")


def ask_in_pod(namespace: str, pod: str, questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    words = ("-n", namespace, "exec", "-i", pod, "-c", "program", "--", "python", "-c", IN_POD)
    answers: list[dict[str, Any]] = json.loads(kubectl(*words, stdin=json.dumps(questions)))
    return answers


def configuration(namespace: str, pod: str) -> str:
    """What the pod's proxy has been told, as its admin interface says."""
    words = ("exec", pod, "-c", "istio-proxy", "--", "pilot-agent", "request", "GET", "config_dump")
    return kubectl("-n", namespace, *words)


class KubeLab:
    """The scripted application; its instances keep their scripts in a folder of their own pod."""

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
        answers = ask_in_pod(LAB, CALLER, [question] * times)
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
        return TIMES.sub("", configuration(LAB, CALLER))

    def scale(self, replicas: int) -> None:
        kubectl("-n", LAB, "scale", "statefulset/backend-v1", f"--replicas={replicas}")
        kubectl("-n", LAB, "rollout", "status", "statefulset/backend-v1", "--timeout=120s")
        for instance in self._instances():
            self._run(instance, f"mkdir -p {SCRIPTS}")

    def _instances(self) -> list[str]:
        return kubectl("-n", LAB, "get", "pod", "-l", "app=backend", "-o", "jsonpath={.items[*].metadata.name}").split()

    def _run(self, pod: str, script: str, stdin: str = "") -> str:
        return kubectl("-n", LAB, "exec", "-i", pod, "-c", "program", "--", "sh", "-c", script, stdin=stdin)
