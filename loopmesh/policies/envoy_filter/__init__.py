"""EnvoyFilter (networking.istio.io): changes to what was made for a proxy, each checked against Envoy's API."""

from loopmesh.policies.envoy_filter.envoy_filter import read_envoy_filter

__all__ = ["read_envoy_filter"]
