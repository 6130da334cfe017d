"""Parts of a proxy's configuration in mesh words."""

import re

from loopmesh.oracle.comparison.parts import Part
from loopmesh.oracle.comparison.plain import Plain

POLICY = re.compile(r"/apis/[^/]+/[^/]+/namespaces/([^/]+)/([^/]+)/([^/]+)")
KINDS = {
    "edge": "the edge at {}",
    "host": "names of {}",
    "inbound": "calls taken at {}",
    "outbound": "calls made to {}",
    "route": "calls to {}",
    "TCP": "connections to {}",
}


def in_mesh_words(part: Part) -> str:
    """`calls to orders.shop.svc.cluster.local:50051 #1`, `instances of orders… at 50051, version v1`."""
    kind, name = part
    if kind != "cluster":
        return KINDS[kind].format(name)
    direction, port, subset, host = name.split("|")
    if direction == "inbound":
        return f"the program at port {port}"
    return f"instances of {host}:{port}{f', subset {subset}' if subset else ''}"


def policy_behind(value: Plain | None) -> str:
    """`VirtualService shop/orders`, empty when no policy made the part."""
    said = (value or {}).get("metadata", {}).get("filter_metadata", {}).get("istio", {}).get("config", "")
    found = POLICY.fullmatch(said)
    if found is None:
        return ""
    kind = "".join(word.capitalize() for word in found[2].split("-"))
    return f"{kind} {found[1]}/{found[3]}"
