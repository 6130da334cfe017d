"""JSON schemas for kubeconform, made from what the projects publish in their Go modules: Kubernetes' OpenAPI
description and the CRDs of Istio, Argo CD and Prometheus' operator. Unknown fields are refused."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tools.chart.go_tools import MODULE, module_folder, module_version
from tools.chart.render import KUBERNETES

ISTIO = "istio.io/istio"
PROMETHEUS_OPERATOR = "github.com/prometheus-operator/prometheus-operator"
ARGO_CD, ARGO_CD_VERSION = "github.com/argoproj/argo-cd/v3", "v3.5.0"
Schema = dict[str, Any]
INT_OR_STRING = {"oneOf": [{"type": "string"}, {"type": "integer"}]}
QUANTITY = {"oneOf": [{"type": "string"}, {"type": "number"}]}
TEMPLATE = "{{.ResourceKind}}{{.KindSuffix}}.json"
"""How kubeconform names the files."""


def write_schemas(folder: Path) -> None:
    """One file per kind and version."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in (*_kubernetes(), *_istio(), *_argo_cd(), *_prometheus_operator()):
        (folder / name).write_text(json.dumps(schema))


def _kubernetes() -> Iterator[tuple[str, Schema]]:
    source = module_folder("k8s.io/kubernetes", f"v{KUBERNETES}") / "api" / "openapi-spec" / "swagger.json"
    definitions: dict[str, Schema] = json.loads(source.read_text())["definitions"]
    strict = {name: _strict(schema) for name, schema in definitions.items()}
    strict["io.k8s.apimachinery.pkg.util.intstr.IntOrString"] = INT_OR_STRING
    strict["io.k8s.apimachinery.pkg.api.resource.Quantity"] = QUANTITY
    for name, schema in definitions.items():
        for kind in schema.get("x-kubernetes-group-version-kind", ()):
            known = {"definitions": _reachable(name, strict), "$ref": f"#/definitions/{name}"}
            yield _file_name(kind["kind"], kind["group"], kind["version"]), known


def _reachable(name: str, definitions: dict[str, Schema]) -> dict[str, Schema]:
    found: dict[str, Schema] = {}
    waiting = [name]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found[one] = definitions[one]
            waiting.extend(_references(definitions[one]))
    return found


def _references(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(target := schema.get("$ref"), str):
            yield target.removeprefix("#/definitions/")
        for value in schema.values():
            yield from _references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _references(value)


def _istio() -> Iterator[tuple[str, Schema]]:
    files = module_folder(ISTIO, module_version(ISTIO)) / "manifests" / "charts" / "base" / "files"
    yield from _custom(files / "crd-all.gen.yaml")


def _argo_cd() -> Iterator[tuple[str, Schema]]:
    for file in sorted((module_folder(ARGO_CD, ARGO_CD_VERSION) / "manifests" / "crds").glob("*-crd.yaml")):
        yield from _custom(file)


def _prometheus_operator() -> Iterator[tuple[str, Schema]]:
    for file in operator_kinds():
        if file.stem.endswith(("_podmonitors", "_prometheusrules")):
            yield from _custom(file)


def operator_kinds() -> list[Path]:
    """The CRDs of Prometheus' operator, a file each."""
    version = module_version(PROMETHEUS_OPERATOR, MODULE / "prometheus-operator")
    return sorted((module_folder(PROMETHEUS_OPERATOR, version) / "example" / "prometheus-operator-crd").glob("*.yaml"))


def _custom(file: Path) -> Iterator[tuple[str, Schema]]:
    for crd in yaml.load_all(file.read_text(), yaml.CSafeLoader):
        spec = crd["spec"]
        for version in spec["versions"]:
            schema = _strict(version["schema"]["openAPIV3Schema"])
            # What every object has, and a CRD need not say.
            schema["properties"] |= {"apiVersion": {}, "kind": {}, "metadata": {"type": "object"}}
            yield _file_name(spec["names"]["kind"], spec["group"], version["name"]), schema


def _file_name(kind: str, group: str, version: str) -> str:
    suffix = f"-{group.split('.')[0]}-{version}" if group else f"-{version}"
    return f"{kind}{suffix}.json".lower()


def _strict(schema: Schema) -> Schema:
    """The same, with nothing allowed beside what an object with properties names."""
    if schema.get("x-kubernetes-int-or-string"):
        return INT_OR_STRING
    result = {key: _strict_value(value) for key, value in schema.items()}
    open_ended = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
    if "properties" in schema and not open_ended:
        result.setdefault("additionalProperties", False)
    return result


def _strict_value(value: Any) -> Any:
    if isinstance(value, dict):
        return _strict(value)
    if isinstance(value, list):
        return [_strict(one) if isinstance(one, dict) else one for one in value]
    return value
