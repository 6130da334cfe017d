"""Secrets with certificates: the files `kubectl create secret tls` writes.

Enters: a folder outside the policies, for no secret belongs where it is checked in. Leaves: credentials, or every
problem.
"""

import base64
import binascii
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from loopmesh.model.credential import Credential
from loopmesh.model.problem import InvalidInputError, Problem
from loopmesh.policies.certificates import certificates_problem, pair_problem, revocation_problem
from loopmesh.policies.fields import Fields
from loopmesh.policies.host_names import check_name
from loopmesh.policies.input_files import read_files
from loopmesh.policies.yaml_tree import parse_yaml

TYPES = ("kubernetes.io/tls", "Opaque")
CHAIN = ("cert", "tls.crt")
KEY = ("key", "tls.key")
AUTHORITIES = ("cacert", "ca.crt")
REVOKED = ("crl", "ca.crl")
"""Istio takes either spelling, the first one first (`ExtractCertInfo`, `ExtractRoot`)."""
BOOKKEEPING = (
    "labels",
    "annotations",
    "creationTimestamp",
    "managedFields",
    "ownerReferences",
    "resourceVersion",
    "uid",
)


def read_secrets(folder: Path, default_namespace: str) -> tuple[Credential, ...]:
    """All Secrets of the YAML files below the folder, which may be empty or not there. Raises InvalidInputError."""
    problems: list[Problem] = []
    found: dict[tuple[str, str], Credential] = {}
    for name, content in _files(folder):
        for node in parse_yaml(name, content):
            credential = Fields.read(node, "", problems, lambda fields: _secret(fields, default_namespace))
            key = (credential.namespace, credential.name)
            if key in found:
                rule = f"the Secret is already at {found[key].origin}"
                text = f"Secret {credential.namespace}/{credential.name}"
                problems.append(
                    Problem(origin=credential.origin, value=text, rule=rule, remedy="remove one of the two")
                )
            found[key] = credential
    if problems:
        raise InvalidInputError(problems)
    return tuple(found.values())


def _files(folder: Path) -> list[tuple[str, bytes]]:
    with suppress(OSError):
        if not os.path.lexists(folder) or not any(folder.iterdir()):
            return []
    return read_files([folder])


def _secret(fields: Fields, default_namespace: str) -> Credential:
    if fields.text("apiVersion") != "v1" or fields.text("kind") != "Secret":
        fields.refuse(None, "this folder holds Secrets only", "write `apiVersion: v1` and `kind: Secret`")
    if (fields.text("type") or TYPES[0]) not in TYPES:
        fields.refuse("type", f"a certificate's Secret is {' or '.join(TYPES)}", f"write {TYPES[0]}")
    fields.ignore("immutable")
    name, namespace = fields.object("metadata", _metadata) or ("", "")
    data = {**_decoded(fields), **{key: text.encode() for key, text in fields.labels("stringData").items()}}
    credential = Credential(
        name=name,
        namespace=namespace or default_namespace,
        chain=_first(data, CHAIN),
        key=_first(data, KEY),
        authorities=_first(data, AUTHORITIES),
        revoked=_first(data, REVOKED),
        origin=fields.origin,
    )
    _check(fields, credential)
    return credential


def _metadata(fields: Fields) -> tuple[str, str]:
    fields.ignore(*BOOKKEEPING, "uid")
    name = fields.text("name", required=True, check=check_name) or ""
    return name, fields.text("namespace", check=check_name) or ""


def _decoded(fields: Fields) -> dict[str, bytes]:
    decoded = {}
    for key, text in fields.labels("data").items():
        try:
            decoded[key] = base64.b64decode(text, validate=True)
        except binascii.Error:
            fields.refuse("data", f"`{key}` is no base64", "encode it, or use `stringData`")
    return decoded


def _first(data: Mapping[str, bytes], keys: tuple[str, ...]) -> bytes:
    return next((data[key] for key in keys if data.get(key)), b"")


def _check(fields: Fields, credential: Credential) -> None:
    if not (credential.chain or credential.authorities):
        fields.refuse(None, "it has neither a certificate nor authorities", "add `tls.crt` and `tls.key`, or `ca.crt`")
    if bool(credential.chain) != bool(credential.key):
        fields.refuse(None, "a certificate and its key belong together", "add `tls.crt` and `tls.key`")
    elif credential.chain and (rule := pair_problem(credential.chain, credential.key)):
        fields.refuse(None, rule, "put a matching pair into `tls.crt` and `tls.key`")
    if credential.authorities and (rule := certificates_problem(credential.authorities)):
        fields.refuse(None, rule, "put PEM certificates into `ca.crt`")
    if credential.revoked and (rule := revocation_problem(credential.revoked)):
        fields.refuse(None, rule, "put a PEM revocation list into `ca.crl`")
