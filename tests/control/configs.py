"""Small configurations and workloads."""

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_pb2 import RouteConfiguration

from loopmesh.control.resources import CLUSTER, ENDPOINT, LISTENER, ROUTE, Resources
from loopmesh.model.topology import Workload, WorkloadKind


def workload(name: str = "web-v1-0", service: str = "web") -> Workload:
    return Workload(
        name=name, kind=WorkloadKind.SIDECAR, namespace="lab", service=service, version="v1", labels={"app": service}
    )


def config(*clusters: str, timeout_s: int = 1, domain: str = "a", listeners: tuple[str, ...] = ("in",)) -> Resources:
    """Clusters with endpoints, listeners, and one route configuration named `outbound`."""
    made = {name: Cluster(name=name) for name in clusters}
    for cluster in made.values():
        cluster.connect_timeout.seconds = timeout_s
    routes = RouteConfiguration(name="outbound")
    routes.virtual_hosts.add(name=domain, domains=[domain])
    return {
        CLUSTER: made,
        ENDPOINT: {name: ClusterLoadAssignment(cluster_name=name) for name in clusters},
        LISTENER: {name: Listener(name=name) for name in listeners},
        ROUTE: {"outbound": routes},
    }
