"""Hosts outside the mesh that an edge finds in another way than Istio's would."""

from loopmesh.oracle.comparison.plain import Plain

BY_NAME, WITHOUT_ADDRESSES = "STRICT_DNS", "EDS"
HOW_IT_IS_FOUND = (
    "dns_jitter",
    "dns_lookup_family",
    "dns_refresh_rate",
    "eds_cluster_config",
    "load_assignment",
    "respect_dns_ttl",
)


def told_apart(own: Plain, istio: Plain) -> tuple[Plain, Plain]:
    """Both clusters; where loopmesh looks a name up and Istio has no addresses, only that is left to differ."""
    if own.get("type") != BY_NAME or istio.get("type") != WITHOUT_ADDRESSES:
        return own, istio
    return _without(own), _without(istio)


def _without(cluster: Plain) -> Plain:
    return {key: said for key, said in cluster.items() if key not in HOW_IT_IS_FOUND}
