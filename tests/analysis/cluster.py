"""An application as the objects of a cluster that Istio's analysis knows it by."""

from collections.abc import Iterator
from typing import Any

from loopmesh.model.application import Application, Service

Manifest = dict[str, Any]


def manifests(application: Application) -> Iterator[Manifest]:
    """Namespaces, services, and a pod with a proxy for each version and gateway."""
    for namespace in sorted(application.namespaces):
        yield _object("Namespace", {"name": namespace, "labels": {"istio-injection": "enabled"}})
    for service in application.services:
        yield _service(service)
        for version in service.versions:
            yield _pod(f"{service.name}-{version.name}", service.namespace, service.labels_of(version))
    for gateway in application.gateways:
        yield _pod(gateway.name, gateway.namespace, dict(gateway.labels))


def _service(service: Service) -> Manifest:
    ports = [{"name": port.name, "port": port.number, "protocol": "TCP"} for port in service.ports]
    spec = {"selector": {"app": service.name}, "ports": ports}
    return {**_object("Service", {"name": service.name, "namespace": service.namespace}), "spec": spec}


def _pod(name: str, namespace: str, labels: dict[str, str]) -> Manifest:
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    return {**_object("Pod", metadata), "spec": {"containers": [{"name": "istio-proxy", "image": "proxyv2"}]}}


def _object(kind: str, metadata: Manifest) -> Manifest:
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata}
