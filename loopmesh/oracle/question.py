"""What the generator is asked: the mesh as Istio would find it on a cluster.

A service is a ServiceEntry with an address of its own, as a Kubernetes Service has; an instance is a WorkloadEntry, as
a pod becomes inside Istio. Policies are the user's, untouched.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from loopmesh.model.application import CLUSTER_DOMAIN, Port, Protocol, Service
from loopmesh.model.identity import TRUST_DOMAIN
from loopmesh.model.topology import Topology, Workload, WorkloadKind
from loopmesh.oracle.issuer_keys import with_keys

TLS_MODE = "security.istio.io/tlsMode"
NOBODY = "240.255.255.254"
"""A gateway's address: no endpoint of a user's ServiceEntry has it, by which Istio would take the gateway for one."""
CANONICAL_NAME = "service.istio.io/canonical-name"
CANONICAL_REVISION = "service.istio.io/canonical-revision"
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
    """`services` and `policies` are Istio objects; precedence is by their order. `addresses` are those of hosts
    to which neither gives one."""

    mesh_config: Mapping[str, Any]
    services: Sequence[Object]
    policies: Sequence[Object]
    proxies: Sequence[Object]
    addresses: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> Object:
        return {
            "meshConfig": self.mesh_config,
            "addresses": self.addresses,
            "objects": [*self.services, *self.policies],
            "proxies": self.proxies,
        }


def ask_about(
    topology: Topology,
    addresses: Mapping[str, str],
    policies: Sequence[Object],
    mesh_config: Mapping[str, Any],
    allocated: Mapping[str, str],
) -> Question:
    """`addresses` are the workloads' by name, of which gateways need none; `allocated` those of hosts without one."""
    services = [_service_entry(service, number) for number, service in enumerate(topology.application.services)]
    sidecars = [workload for workload in topology.workloads if workload.kind is WorkloadKind.SIDECAR]
    entries = [_workload_entry(workload, addresses[workload.name]) for workload in sidecars]
    return Question(
        mesh_config=mesh_config,
        addresses=allocated,
        services=[*services, *entries, *_collectors(mesh_config, _hosts([*services, *policies]))],
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
    # No user's ServiceEntry can have this name.
    return _object("ServiceEntry", service.namespace, f"service:{service.name}", spec)


def _port(port: Port) -> Object:
    return {"number": port.number, "name": port.name, "protocol": PROTOCOLS[port.protocol]}


def _workload_entry(workload: Workload, address: str) -> Object:
    spec = {
        "address": address,
        "labels": {**_labels(workload), TLS_MODE: "istio"},
        "serviceAccount": workload.identity.service_account,
    }
    return _object("WorkloadEntry", workload.namespace, workload.name, spec)


def _hosts(objects: Iterable[Object]) -> set[str]:
    """Those that ServiceEntries have."""
    return {host for one in objects if one["kind"] == "ServiceEntry" for host in one.get("spec", {}).get("hosts") or ()}


def _collectors(mesh_config: Mapping[str, Any], known: set[str]) -> Iterator[Object]:
    """Services of the cluster that need not run here, for spans go to the mesh; Istio makes none for a collector it
    does not know. No program sees them."""
    for provider in mesh_config.get("extensionProviders") or ():
        said = provider.get("opentelemetry") or {}
        namespace, _, host = said.get("service", "").rpartition("/")
        if host and host not in known:
            port = {"number": said.get("port"), "name": "grpc", "protocol": "GRPC"}
            spec = {"hosts": [host], "resolution": "STATIC", "ports": [port], "exportTo": ["~"]}
            yield _object("ServiceEntry", namespace or "istio-system", f"collector-{len(known)}", spec)
            known.add(host)


def _labels(workload: Workload) -> dict[str, str]:
    """Istio's injection adds the name and the version of its own kind."""
    revision = {CANONICAL_REVISION: workload.version} if workload.version else {}
    return {CANONICAL_NAME: workload.service, **revision, **workload.labels}


def _proxy(workload: Workload, address: str | None, mesh_config: Mapping[str, Any]) -> Object:
    role = "router" if workload.kind is WorkloadKind.GATEWAY else "sidecar"
    domain = f"{workload.namespace}.svc.{CLUSTER_DOMAIN}"
    return {
        "name": workload.name,
        "id": f"{role}~{address or NOBODY}~{workload.name}.{workload.namespace}~{domain}",
        "metadata": {
            **workload.metadata(mesh_config.get("trustDomain", TRUST_DOMAIN)),
            "LABELS": _labels(workload),
        },
    }


def _object(kind: str, namespace: str, name: str, spec: Object) -> Object:
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": kind,
        "metadata": {"namespace": namespace, "name": name},
        "spec": spec,
    }
