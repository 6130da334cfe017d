"""A running mesh is given again what it has."""

from loopmesh.cli.proxy_admin import ask_proxy
from tests.parity.laboratory import Laboratory

WITH_PACKED_MAPS = """
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: written, namespace: lab}
spec:
  configPatches:
  - applyTo: NETWORK_FILTER
    match: {context: SIDECAR_INBOUND, listener: {filterChain: {filter: {name: envoy.filters.network.tcp_proxy}}}}
    patch:
      operation: MERGE
      value:
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
          access_log:
          - name: envoy.access_loggers.file
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog
              path: /dev/null
              log_format: {json_format: {a: "1", b: "2", c: "3", d: "4", e: "5", f: "6", g: "7", h: "8"}}
"""
UPDATES = "/stats?filter=update_success$"


def test_the_same_policies_again_are_sent_to_no_proxy(laboratory: Laboratory) -> None:
    laboratory.apply(WITH_PACKED_MAPS)
    before = _updates(laboratory)
    laboratory.apply(WITH_PACKED_MAPS)
    assert _updates(laboratory) == before


def _updates(laboratory: Laboratory) -> dict[str, str]:
    """By workload, how often each kind of configuration has come."""
    return {one.name: ask_proxy(one.envoy_admin_socket, UPDATES) for one in laboratory.status().workloads}
