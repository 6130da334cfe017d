"""Copies of requests (Istio `TranslateRequestMirrorPolicy`)."""

from envoy.config.route.v3.route_components_pb2 import RouteAction

from loopmesh.compile.routes.percentage import share


def mirror_policy(cluster: str, percent: float) -> RouteAction.RequestMirrorPolicy:
    """Copies keep the host, as Istio's default says, and are not traced."""
    policy = RouteAction.RequestMirrorPolicy(
        cluster=cluster, runtime_fraction=share(percent), disable_shadow_host_suffix_append=True
    )
    policy.trace_sampled.value = False
    return policy
