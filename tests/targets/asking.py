"""Questions for in_pod.py, asked here or, by kube.py, in a pod."""

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from cryptography import x509

from loopmesh.control.authority import Certificate
from tests.targets.target import TlsAnswer

SCRIPT = Path(__file__).parent / "in_pod.py"


def ask_here(questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    asked = subprocess.run(
        [sys.executable, SCRIPT], input=json.dumps(questions), stdout=subprocess.PIPE, text=True, check=True
    )
    answers: list[dict[str, Any]] = json.loads(asked.stdout)
    return answers


def tls_question(address: str, path: str, certificate: Certificate | None) -> dict[str, Any]:
    question = {"tls": address, "path": path}
    if certificate is None:
        return question
    return {**question, "chain": certificate.chain_pem.decode(), "key": certificate.key_pem.decode()}


def tls_answer(answer: dict[str, Any]) -> TlsAnswer:
    return TlsAnswer(answer["status"], x509.load_der_x509_certificate(base64.b64decode(answer["shown"])))
