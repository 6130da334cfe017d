"""The routes that lead to a service, wherever a VirtualService has them: http, or tcp if it speaks no HTTP."""

from collections.abc import Callable, Iterator
from typing import Any

from loopmesh.model.application import Service
from loopmesh.model.policy import PolicyName
from loopmesh.model.problem import InvalidInputError, Problem
from loopmesh.model.routing import MESH_GATEWAY
from loopmesh.policies.document import API_VERSIONS, Document
from loopmesh.policies.host_names import covers, qualify_host
from loopmesh.policies.policy_set import PolicySet
from loopmesh.policies.writing import with_namespace

KIND = "VirtualService"
Content = dict[str, Any]
"""A policy, or a part of one, as plain values that may be changed."""
Edit = Callable[[Content], bool]
"""Changes a route if it is one to change, and says so."""


def edit_routes(policy_set: PolicySet, service: Service, edit: Edit, *, must: bool = True) -> list[Content]:
    """The VirtualServices with a changed route to the service, for sidecars and gateways alike.

    Calls in the mesh must be among those changed: without a VirtualService for them a new one is made, and where the
    one there is has no route to change, InvalidInputError is raised. Unless `must` is False: then none may change.
    """
    found = [(document, with_namespace(document)) for document in _virtual_services(policy_set)]
    changed = [(document, content) for document, content in found if _edit(content, document, service, edit)]
    contents = [content for _, content in changed]
    if not must:
        return contents
    for_callers = [document.policy for document, _ in found if _is_for_callers(document, service)]
    if not for_callers:
        return [*contents, _new(policy_set, service, edit)]
    if not any(document.policy in for_callers for document, _ in changed):
        raise InvalidInputError(_no_route(policy_set.documents[name], service) for name in for_callers)
    return contents


def _virtual_services(policy_set: PolicySet) -> Iterator[Document]:
    return (document for document in policy_set.documents.values() if document.policy.kind == KIND)


def _edit(content: Content, document: Document, service: Service, edit: Edit) -> bool:
    routes = [route for route in content["spec"].get(_section(service)) or () if _leads_to(route, document, service)]
    return bool([route for route in routes if edit(route)])


def _leads_to(route: Content, document: Document, service: Service) -> bool:
    """Only there; a route that also leads elsewhere is not about this service."""
    hosts = [one["destination"]["host"] for one in route.get("route") or ()]
    return bool(hosts) and {qualify_host(host, document.namespace) for host in hosts} == {service.host}


def _is_for_callers(document: Document, service: Service) -> bool:
    spec: Any = document.spec.plain()
    hosts = [qualify_host(host, document.namespace) for host in spec.get("hosts") or ()]
    return MESH_GATEWAY in (spec.get("gateways") or [MESH_GATEWAY]) and any(
        covers(host, service.host) for host in hosts
    )


def _no_route(document: Document, service: Service) -> Problem:
    section = _section(service)
    return Problem(
        origin=document.origin,
        value=str(document.policy),
        rule=f"it is for calls of {service.name} and has no route that could be changed for that",
        remedy=f"edit its `{section}` routes, or give it one that leads to {service.name} alone, and apply it",
    )


def _new(policy_set: PolicySet, service: Service, edit: Edit) -> Content:
    routes = open_routes(service)
    edit(routes[_section(service)][0])
    return new_policy(policy_set, KIND, service, {"hosts": [service.name], **routes})


def open_routes(service: Service) -> Content:
    """One route to every version, as calls go without any."""
    return {_section(service): [{"route": [{"destination": {"host": service.name}}]}]}


def _section(service: Service) -> str:
    return "http" if service.speaks_http else "tcp"


def new_policy(policy_set: PolicySet, kind: str, service: Service, spec: Content) -> Content:
    """A policy of the service's namespace, named after it; a name that is taken gets a number."""
    names = (service.name, *(f"{service.name}-{number}" for number in range(2, len(policy_set.documents) + 3)))
    free = next(
        name
        for name in names
        if PolicyName(kind=kind, namespace=service.namespace, name=name) not in policy_set.documents
    )
    metadata = {"name": free, "namespace": service.namespace}
    return {"apiVersion": API_VERSIONS[kind][0], "kind": kind, "metadata": metadata, "spec": spec}
