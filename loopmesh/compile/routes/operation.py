"""What a span of a routed request is called (Istio `GetRouteOperation`)."""

from envoy.config.route.v3.route_components_pb2 import Route as EnvoyRoute


def route_operation(route: EnvoyRoute, policy: str, port: int) -> str:
    """`orders.shop.svc.cluster.local:50051/v1*`: where it goes if that is one place, else the policy's name."""
    if route.route.cluster:
        _, number, _, host = route.route.cluster.split("|")
        return f"{host}:{number}{_path(route)}"
    return f"{policy}:{port}{_path(route)}"


def _path(route: EnvoyRoute) -> str:
    match route.match.WhichOneof("path_specifier"):
        case "prefix":
            return f"{route.match.prefix}*"
        case "path":
            return str(route.match.path)
        case "safe_regex":
            return str(route.match.safe_regex.regex)
        case _:
            return "/*"
