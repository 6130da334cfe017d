"""An application of any size whose every service has routes, limits and permissions."""

from pathlib import Path

import yaml

PORT = 7000
POLICIES = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: s{number}}}
spec:
  hosts: [s{number}]
  http:
  - match: [{{headers: {{x-version: {{exact: v1}}}}}}]
    route: [{{destination: {{host: s{number}, subset: v1}}}}]
  - route: [{{destination: {{host: s{number}}}}}]
    timeout: {timeout_ms}ms
    retries: {{attempts: 2, retryOn: unavailable}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: s{number}}}
spec:
  host: s{number}
  trafficPolicy:
    connectionPool: {{http: {{http2MaxRequests: 100}}}}
    outlierDetection: {{consecutive5xxErrors: 5}}
  subsets: [{{name: v1, labels: {{version: v1}}}}]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: s{number}}}
spec:
  selector: {{matchLabels: {{app: s{number}}}}}
  rules: [{{from: [{{source: {{principals: [cluster.local/ns/bench/sa/s0]}}}}]}}]
"""


def write_values(folder: Path, count: int, *, command: tuple[str, ...], health: str) -> Path:
    """A values file of so many services with one instance each."""
    service = {"command": list(command), "ports": {"grpc": PORT}, "health": health, "versions": {"v1": {"replicas": 1}}}
    values = {"namespace": "bench", "services": {f"s{number}": service for number in range(count)}}
    path = folder / "values.yaml"
    path.write_text(yaml.dump(values, Dumper=yaml.CSafeDumper))
    return path


def write_policies(folder: Path, count: int) -> Path:
    """Three policies for each service."""
    path = folder / "policies.yaml"
    path.write_text("---".join(policies_of(number) for number in range(count)))
    return path


def policies_of(number: int, timeout_ms: int = 1000) -> str:
    return POLICIES.format(number=number, timeout_ms=timeout_ms)
