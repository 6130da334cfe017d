"""EnvoyFilters for tests, and the configuration of a proxy they leave, in the words of Envoy's own API."""

import json
from typing import Any

import yaml

from loopmesh.compile import compiled_files
from loopmesh.policies import PolicySet, check_policies
from tests.policies.reading import APPLICATION

MANAGER = "envoy.filters.network.http_connection_manager"
STATS = "envoy.filters.http.grpc_stats"
ROUTER = "envoy.filters.http.router"
TYPE = "type.googleapis.com/envoy.extensions.filters.http"
BEFORE_ROUTER = {"listener": {"filterChain": {"filter": {"name": MANAGER, "subFilter": {"name": ROUTER}}}}}
GATEWAY = """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: door, namespace: shop}
spec:
  selector: {istio: edge}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: door, namespace: shop}
spec:
  hosts: ["*"]
  gateways: [door]
  http: [{name: to-catalog, route: [{destination: {host: catalog}}]}]
"""
CATALOG = "catalog.shop.svc.cluster.local"
ORDERS = "orders.shop.svc.cluster.local"


def patch(target: str, operation: str, value: object = None, context: str = "ANY", **match: Any) -> dict[str, Any]:
    change = {"operation": operation} | ({"value": value} if value is not None else {})
    return {"applyTo": target, "match": {"context": context, **match}, "patch": change}


def envoy_filter(
    *patches: dict[str, Any], name: str = "a", namespace: str = "shop", app: str = "", priority: int = 0
) -> str:
    selector = {"workloadSelector": {"labels": {"app": app}}} if app else {}
    spec = {**selector, "priority": priority, "configPatches": list(patches)}
    head = {"apiVersion": "networking.istio.io/v1alpha3", "kind": "EnvoyFilter"}
    return json.dumps({**head, "metadata": {"name": name, "namespace": namespace}, "spec": spec})


def compiled(*policies: str, workload: str = "orders-v1-0") -> dict[str, Any]:
    """A workload's configuration by resource type and name."""
    policy_set = PolicySet.parse([("a.yaml", "\n---\n".join([GATEWAY, *policies]).encode())], APPLICATION.namespace)
    files = compiled_files(APPLICATION, check_policies(policy_set, APPLICATION))
    return dict(yaml.safe_load(files[f"{workload}.yaml"]))


def http_filters(config: dict[str, Any], listener: str) -> list[str]:
    return [one["name"] for one in manager(config, listener).get("http_filters", [])]


def manager(config: dict[str, Any], listener: str) -> dict[str, Any]:
    return dict(config["Listener"][listener]["filter_chains"][-1]["filters"][-1]["typed_config"])
