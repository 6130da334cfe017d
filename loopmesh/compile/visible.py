"""What a namespace sees of what others write (exportTo)."""

from collections.abc import Iterable, Sequence

from loopmesh.model.routing import Routing
from loopmesh.model.visibility import EVERYWHERE, Visibility, only


def settled(said: Visibility | None, default: Sequence[str], namespace: str) -> Visibility:
    """What a policy of `namespace` says, else the mesh's default: `*`, `.`, `~` or names."""
    if said is not None:
        return said
    if "*" in default:
        return EVERYWHERE
    named = frozenset(namespace if one == "." else one for one in default if one != "~")
    return Visibility(namespaces=named)


def visible_routings(routings: Iterable[Routing], default: Sequence[str], namespace: str) -> tuple[Routing, ...]:
    """Those of the namespace that are for it alone, then those exported to it by name, then those for all; each in
    their order (Istio `virtualServiceIndex`)."""
    private, named, public = [], [], []
    for routing in routings:
        home = routing.source.policy.namespace
        visibility = settled(routing.visibility, default, home)
        if visibility.namespaces is None:
            public.append(routing)
        elif visibility == only(home) == only(namespace):
            private.append(routing)
        elif visibility.includes(namespace):
            named.append(routing)
    return (*private, *named, *public)
