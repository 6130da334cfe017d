"""What a selector can select of the values file: each with its name in words, its namespace and its labels."""

from collections.abc import Iterator, Mapping

from loopmesh.model.application import Application

Selected = tuple[tuple[str, ...], str, Mapping[str, str]]


def versions(application: Application) -> Iterator[Selected]:
    """All instances of a version are alike."""
    for service in application.services:
        for version in service.versions:
            key = ("service", service.key, "version", version.name)
            yield key, service.namespace, service.labels_of(version)


def gateways(application: Application) -> Iterator[Selected]:
    for gateway in application.gateways:
        yield ("gateway", gateway.name), gateway.namespace, gateway.labels
