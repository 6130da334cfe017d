"""Destinations as people call them."""


def cluster_words(name: str) -> str:
    """`inventory.shop.svc.cluster.local:50051 v1` for `outbound|50051|v1|inventory.shop.svc.cluster.local`."""
    parts = name.split("|")
    if len(parts) != 4:
        return name
    _, port, subset, host = parts
    return f"{host}:{port}{f' subset {subset}' if subset else ''}"
