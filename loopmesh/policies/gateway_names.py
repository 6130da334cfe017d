"""Gateways as routes name them."""

from loopmesh.model.routing import MESH_GATEWAY
from loopmesh.policies.analysis import Message
from loopmesh.policies.fields import Fields
from loopmesh.policies.host_names import check_host, check_label


def read_gateways(fields: Fields, namespace: str) -> tuple[str, ...]:
    """Those of `gateways`, each as `namespace/name`; `mesh` stands for all sidecars (Istio `resolveGatewayName`)."""
    names = fields.texts("gateways", _check)
    full = {name: _qualified(name, namespace) for name in names}
    for name in full:
        if _is_host(name) and not _check(name):
            fields.warn("gateways", Message.SCHEMA_WARNING, f"`{name}` is Istio's older form", f"write `{full[name]}`")
    return tuple(full[name] for name in names)


def _check(name: str) -> tuple[str, str] | None:
    """`edge`, `namespace/edge`, `edge.namespace.svc.cluster.local` or `mesh` (Istio `validateGatewayNames`)."""
    namespace, slash, own = name.rpartition("/")
    is_valid = not check_host(name) and "*" not in name if _is_host(name) else not check_label(own)
    if not is_valid or (slash and check_label(namespace)):
        return "a gateway is `name` or `namespace/name`", "write it like that"
    return None


def _is_host(name: str) -> bool:
    return "." in name and "/" not in name


def _qualified(name: str, namespace: str) -> str:
    if _is_host(name):
        own, at = name.split(".")[:2]
        return f"{at}/{own}"
    return name if name == MESH_GATEWAY or "/" in name else f"{namespace}/{name}"
