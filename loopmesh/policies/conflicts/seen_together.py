"""Whether some caller sees both of two hosts."""

from loopmesh.model.added_host import AddedHost, Called


def are_seen_together(one: Called, other: Called) -> bool:
    """As far as their policies say; the mesh's defaults are not asked."""
    first, second = _seen_in(one), _seen_in(other)
    return first is None or second is None or bool(first & second)


def _seen_in(called: Called) -> frozenset[str] | None:
    """None is everywhere."""
    said = called.visibility if isinstance(called, AddedHost) else None
    return None if said is None else said.namespaces
