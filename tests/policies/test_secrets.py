"""Secrets with the edge's certificates: what is read, and what is said of those that are missing or broken."""

import base64
import json
from pathlib import Path

import pytest

from loopmesh.model.problem import InvalidInputError
from loopmesh.policies import check_credentials, read_secrets
from tests.certificates import Authority, write_secret
from tests.policies.reading import APPLICATION, read_policies

AUTHORITY = Authority()
CHAIN, KEY = AUTHORITY.issue("shop.example.com")


def gateway(mode: str) -> str:
    tls = {"mode": mode, "credentialName": "shop-cert"}
    port = {"number": 443, "name": "https", "protocol": "HTTPS"}
    spec = {"selector": {"istio": "edge"}, "servers": [{"port": port, "hosts": ["*"], "tls": tls}]}
    metadata = {"name": "edge"}
    return json.dumps({"apiVersion": "networking.istio.io/v1", "kind": "Gateway", "metadata": metadata, "spec": spec})


def problems_of(folder: Path) -> list[str]:
    with pytest.raises(InvalidInputError) as caught:
        read_secrets(folder, "shop")
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.problems]


def missing(folder: Path, mode: str) -> list[str]:
    policies, credentials = read_policies(gateway(mode)), read_secrets(folder, "shop")
    return [str(problem) for problem in check_credentials(policies, APPLICATION, credentials, "here")]


def rule(mode: str) -> str:
    tls = {"mode": mode, "credentialName": "shop-cert"}
    selector = {"matchLabels": {"app": "orders"}}
    spec = {"host": "catalog", "workloadSelector": selector, "trafficPolicy": {"tls": tls}}
    head = {"apiVersion": "networking.istio.io/v1", "kind": "DestinationRule", "metadata": {"name": "catalog"}}
    return json.dumps({**head, "spec": spec})


def test_what_a_rule_for_calls_names_must_be_there(tmp_path: Path) -> None:
    def problems(mode: str) -> list[str]:
        policies, credentials = read_policies(rule(mode)), read_secrets(tmp_path, "shop")
        return [str(problem) for problem in check_credentials(policies, APPLICATION, credentials, "here")]

    value = "0.yaml:1: DestinationRule shop/catalog: credentialName shop-cert"
    no_certificate = f"{value}: there is no certificate shop/shop-cert; put the Secret's YAML into here"
    no_authority = f"{value}: shop/shop-cert does not say whom servers' certificates come from"
    no_authority += "; add `ca.crt` to a Secret in here"
    assert problems("MUTUAL") == [no_certificate, no_authority]
    write_secret(tmp_path, "shop-cert", {"tls.crt": CHAIN, "tls.key": KEY})
    assert problems("SIMPLE") == problems("MUTUAL") == [no_authority]
    write_secret(tmp_path, "shop-cert-cacert", {"ca.crt": AUTHORITY.pem})
    assert problems("SIMPLE") == problems("MUTUAL") == []


def test_a_secret_is_read_as_kubectl_writes_it(tmp_path: Path) -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {"name": "shop-cert", "namespace": "lab", "creationTimestamp": None},
        "data": {
            name: base64.b64encode(text.encode()).decode() for name, text in (("tls.crt", CHAIN), ("tls.key", KEY))
        },
    }
    (tmp_path / "secret.yaml").write_text(json.dumps(secret))
    (found,) = read_secrets(tmp_path, "shop")
    assert (found.name, found.namespace, found.chain, found.key) == ("shop-cert", "lab", CHAIN.encode(), KEY.encode())
    assert KEY not in repr(found)


def test_the_older_names_of_the_parts_are_taken_too(tmp_path: Path) -> None:
    write_secret(tmp_path, "shop-cert", {"cert": CHAIN, "key": KEY, "cacert": AUTHORITY.pem})
    (found,) = read_secrets(tmp_path, "shop")
    assert (found.chain, found.authorities) == (CHAIN.encode(), AUTHORITY.pem.encode())


def test_no_folder_and_an_empty_one_hold_no_secrets(tmp_path: Path) -> None:
    assert read_secrets(tmp_path, "shop") == read_secrets(tmp_path / "none", "shop") == ()


def test_a_key_of_another_certificate_is_told(tmp_path: Path) -> None:
    write_secret(tmp_path, "shop-cert", {"tls.crt": CHAIN, "tls.key": AUTHORITY.issue("other.example.com")[1]})
    said = (
        "shop-cert.yaml:1: document: the key is not the certificate's; put a matching pair into `tls.crt` and `tls.key`"
    )
    assert problems_of(tmp_path) == [said]


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        ({}, "it has neither a certificate nor authorities"),
        ({"tls.crt": CHAIN}, "a certificate and its key belong together"),
        ({"tls.crt": "none", "tls.key": KEY}, "it holds no certificate in PEM"),
        ({"tls.crt": CHAIN, "tls.key": "none"}, "it holds no unencrypted private key in PEM"),
        ({"ca.crt": "none"}, "it holds no certificate in PEM"),
        ({"ca.crt": AUTHORITY.pem, "ca.crl": "none"}, "it holds no revocation list in PEM"),
    ],
)
def test_broken_parts_are_told(tmp_path: Path, data: dict[str, str], rule: str) -> None:
    write_secret(tmp_path, "shop-cert", data)
    (problem,) = problems_of(tmp_path)
    assert rule in problem


def test_other_objects_and_second_secrets_of_one_name_are_refused(tmp_path: Path) -> None:
    path = write_secret(tmp_path, "shop-cert", {"ca.crt": AUTHORITY.pem})
    text = path.read_text()
    path.write_text(f"{text}\n---\n{text}\n---\n{text.replace('Secret', 'ConfigMap').replace('shop', 'other')}")
    assert [problem.partition(": ")[2] for problem in problems_of(tmp_path)] == [
        "Secret shop/shop-cert: the Secret is already at shop-cert.yaml:1; remove one of the two",
        "document: this folder holds Secrets only; write `apiVersion: v1` and `kind: Secret`",
    ]


def test_a_certificate_that_a_gateway_names_must_be_there(tmp_path: Path) -> None:
    (problem,) = missing(tmp_path, "SIMPLE")
    assert problem.endswith("there is no certificate shop/shop-cert; put the Secret's YAML into here")
    write_secret(tmp_path, "shop-cert", {"tls.crt": CHAIN, "tls.key": KEY})
    assert missing(tmp_path, "SIMPLE") == []


def test_authorities_of_clients_lie_in_the_secret_or_beside_it(tmp_path: Path) -> None:
    write_secret(tmp_path, "shop-cert", {"tls.crt": CHAIN, "tls.key": KEY})
    (problem,) = missing(tmp_path, "MUTUAL")
    assert problem.endswith("does not say whom clients' certificates come from; add `ca.crt` to the Secret")
    write_secret(tmp_path, "shop-cert-cacert", {"ca.crt": AUTHORITY.pem})
    assert missing(tmp_path, "MUTUAL") == []
