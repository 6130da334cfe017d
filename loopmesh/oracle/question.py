"""What the generator is asked: the mesh as Istio would find it on a cluster.

A service is a ServiceEntry with an address of its own, as a Kubernetes Service has; an instance is a WorkloadEntry, as
a pod becomes inside Istio. Policies are the user's, untouched.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loopmesh.model.application import CLUSTER_DOMAIN, Port, Protocol, Service
from loopmesh.model.identity import TRUST_DOMAIN
from loopmesh.model.topology import Topology, Workload, WorkloadKind
from loopmesh.oracle.issuer_keys import with_keys

VERSION = "1.31.0"
CLUSTER = "Kubernetes"
TLS_MODE = "security.istio.io/tlsMode"
CANONICAL_NAME = "service.istio.io/canonical-name"
CANONICAL_REVISION = "service.istio.io/canonical-revision"
SPANS_HOST = "spans.loopmesh.internal"
PROVIDER = "loopmesh"
PROTOCOLS = {
    Protocol.GRPC: "GRPC",
    Protocol.HTTP2: "HTTP2",
    Protocol.HTTP: "HTTP",
    Protocol.TCP: "TCP",
    Protocol.TLS: "TLS",
}
Object = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """`services` and `policies` are Istio objects; precedence is by their order."""

    mesh_config: Mapping[str, Any]
    services: Sequence[Object]
    policies: Sequence[Object]
    proxies: Sequence[Object]

    def as_json(self) -> Object:
        return {
            "meshConfig": self.mesh_config,
            "objects": [*self.services, *self.policies],
            "proxies": self.proxies,
        }


def ask_about(
    topology: Topology,
    addresses: Mapping[str, str],
    policies: Sequence[Object],
    mesh_config: Mapping[str, Any],
) -> Question:
    """`addresses` are the workloads' by name; gateways need none."""
    services = [_service_entry(service, number) for number, service in enumerate(topology.application.services)]
    sidecars = [workload for workload in topology.workloads if workload.kind is WorkloadKind.SIDECAR]
    entries = [_workload_entry(workload, addresses[workload.name]) for workload in sidecars]
    port = topology.trace_port
    spans = [] if port is None else [_spans(port)]
    return Question(
        mesh_config=mesh_config if port is None else _traced(mesh_config, port),
        services=[*services, *entries, *spans],
        policies=[with_keys(policy, topology.key_sets) for policy in policies],
        proxies=[_proxy(workload, addresses.get(workload.name), mesh_config) for workload in topology.workloads],
    )


def service_address(number: int) -> str:
    """The address of the application's nth service, from a range nobody routes (RFC 1112, class E)."""
    return f"240.0.{number // 256}.{number % 256}"


def _service_entry(service: Service, number: int) -> Object:
    spec = {
        "hosts": [service.host],
        "addresses": [service_address(number)],
        "location": "MESH_INTERNAL",
        "resolution": "STATIC",
        "ports": [_port(port) for port in service.ports],
        "workloadSelector": {"labels": {CANONICAL_NAME: service.name}},
    }
    return _object("ServiceEntry", service.namespace, service.name, spec)


def _port(port: Port) -> Object:
    return {"number": port.number, "name": port.name, "protocol": PROTOCOLS[port.protocol]}


def _workload_entry(workload: Workload, address: str) -> Object:
    spec = {
        "address": address,
        "labels": {**_labels(workload), TLS_MODE: "istio"},
        "serviceAccount": workload.identity.service_account,
    }
    return _object("WorkloadEntry", workload.namespace, workload.name, spec)


def _spans(port: int) -> Object:
    """The receiver of traces, outside the mesh as a collector usually is."""
    spec = {
        "hosts": [SPANS_HOST],
        "location": "MESH_EXTERNAL",
        "resolution": "STATIC",
        "ports": [{"number": port, "name": "grpc", "protocol": "GRPC"}],
        "endpoints": [{"address": "127.0.0.1"}],
        "exportTo": ["*"],
    }
    return _object("ServiceEntry", "istio-system", "spans", spec)


def _traced(mesh_config: Mapping[str, Any], port: int) -> Object:
    """Every call is traced into the mesh's own receiver unless the user's mesh config says where spans go."""
    providers = mesh_config.get("defaultProviders") or {}
    if "tracing" in providers:
        return dict(mesh_config)
    own = {"name": PROVIDER, "opentelemetry": {"service": SPANS_HOST, "port": port}}
    proxies = mesh_config.get("defaultConfig") or {}
    return {
        **mesh_config,
        "enableTracing": True,
        "extensionProviders": [*(mesh_config.get("extensionProviders") or ()), own],
        "defaultProviders": {**providers, "tracing": [PROVIDER]},
        "defaultConfig": {**proxies, "tracing": {"sampling": 100, **(proxies.get("tracing") or {})}},
    }


def _labels(workload: Workload) -> dict[str, str]:
    """Istio's injection adds the name and the version of its own kind."""
    revision = {CANONICAL_REVISION: workload.version} if workload.version else {}
    return {CANONICAL_NAME: workload.service, **revision, **workload.labels}


def _proxy(workload: Workload, address: str | None, mesh_config: Mapping[str, Any]) -> Object:
    role = "router" if workload.kind is WorkloadKind.GATEWAY else "sidecar"
    domain = f"{workload.namespace}.svc.{CLUSTER_DOMAIN}"
    return {
        "name": workload.name,
        "id": f"{role}~{address or '127.0.0.1'}~{workload.name}.{workload.namespace}~{domain}",
        "metadata": {
            "NAMESPACE": workload.namespace,
            "LABELS": _labels(workload),
            "SERVICE_ACCOUNT": workload.identity.service_account,
            "CLUSTER_ID": CLUSTER,
            # As Istio's injection names the mesh.
            "MESH_ID": mesh_config.get("trustDomain", TRUST_DOMAIN),
            "ISTIO_VERSION": VERSION,
        },
    }


def _object(kind: str, namespace: str, name: str, spec: Object) -> Object:
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": kind,
        "metadata": {"namespace": namespace, "name": name},
        "spec": spec,
    }
