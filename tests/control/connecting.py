"""A proxy that has all it should have."""

from loopmesh.control.resources import CLUSTER, ENDPOINT, LISTENER, ROUTE
from tests.control.configs import config, workload
from tests.control.conftest import Lab
from tests.control.delta_client import DeltaClient

WEB = workload()


async def connect(lab: Lab, *, initial: tuple[str, ...] = ("one", "two")) -> DeltaClient:
    """A proxy that has everything of `config(*initial)`."""
    lab.plane.admit(WEB)
    await lab.plane.push({WEB.name: config(*initial)})
    client = DeltaClient(lab.socket, WEB.node_id)
    await client.take_all((CLUSTER, ()), (ENDPOINT, initial), (LISTENER, ()), (ROUTE, ("outbound",)))
    assert await client.hears_nothing()
    return client
