"""Which service a workload means by a name."""

from collections.abc import Iterable

from loopmesh.model.added_host import Called
from loopmesh.model.topology import Workload
from loopmesh.run.errors import RunError


def find_called(services: Iterable[Called], workloads: Iterable[Workload], caller: str, name: str, port: int) -> str:
    """The host that the workload `caller` reaches by a name, as Kubernetes' DNS would resolve it, if it has the port; a
    host that several namespaces add has those of all of them.

    Raises RunError.
    """
    known = tuple(services)
    namespaces = [workload.namespace for workload in workloads if workload.name == caller]
    found = [one for namespace in namespaces for one in known if name in one.names_from(namespace)]
    if not found:
        raise RunError(f"{caller} knows no service {name}; there are {', '.join(one.host for one in known)}")
    ports = list(dict.fromkeys(one.number for called in found for one in called.ports))
    if port not in ports:
        raise RunError(f"service {name} has no port {port}; it has {ports}")
    return found[0].host
