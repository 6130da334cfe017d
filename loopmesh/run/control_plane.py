"""What the supervisor needs of whoever configures the proxies. Never: an implementation."""

from typing import Protocol

from loopmesh.model.topology import Workload


class ControlPlane(Protocol):
    """Each call returns when the proxies it concerns have what follows from it."""

    async def add_workloads(self, workloads: tuple[Workload, ...]) -> None:
        """Called before their proxies start: those will ask for a configuration and an identity."""
        ...

    async def remove_workload(self, workload: Workload) -> None:
        """Called after its proxy has ended."""
        ...

    async def set_ready(self, workload: Workload, ready: bool) -> None:
        """It takes traffic, or takes none any more. A caller awaits this before it stops anything."""
        ...
