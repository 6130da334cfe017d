"""Names of hosts and gateways as policies write them."""

from loopmesh.model.application import CLUSTER_DOMAIN
from loopmesh.model.routing import MESH_GATEWAY


def qualify_host(host: str, namespace: str) -> str:
    """A name without a dot is a service of the namespace (Istio `ResolveShortnameToFQDN`); others stay."""
    return host if "." in host or host.startswith("*") else f"{host}.{namespace}.svc.{CLUSTER_DOMAIN}"


def qualify_gateway(name: str, namespace: str) -> str:
    """`edge` is `namespace/edge`; `mesh` stands for all sidecars."""
    return name if name == MESH_GATEWAY or "/" in name else f"{namespace}/{name}"
