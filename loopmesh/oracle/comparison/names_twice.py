"""Names that two virtual hosts of one set of routes have, for which a proxy refuses the routes."""

from collections.abc import Iterator

from loopmesh.oracle.comparison.parts import HOST_AND_PORT, Configuration
from loopmesh.oracle.comparison.plain import plain


def names_twice(configuration: Configuration) -> Iterator[tuple[str, str]]:
    """The later virtual host and the name. Istio has a set of routes for each port, loopmesh one for all."""
    for message in configuration.routes.values():
        owners: dict[str, str] = {}
        for host in plain(message).get("virtual_hosts", ()):
            for name in host["domains"]:
                if owners.setdefault(name, host["name"]) != host["name"] and HOST_AND_PORT.fullmatch(host["name"]):
                    yield host["name"], name
