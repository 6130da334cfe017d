"""Lets callers connect anew to a workload whose inbound listeners have changed.

Envoy serves a connection by the listener it was accepted on, so the next call on a kept connection would still meet the
rules of before. A cluster that changes gets new connections, while calls on the old ones end in peace; so the clusters
of the workload's service carry a number that counts its changes.
"""

from collections.abc import Iterable, Mapping

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.core.v3.base_pb2 import INBOUND
from google.protobuf.message import Message

from loopmesh.compile import ProxyConfig
from loopmesh.model.application import CLUSTER_DOMAIN
from loopmesh.model.topology import Workload

NAMESPACE = "loopmesh"
CHANGES = "changes"
Listeners = dict[str, bytes]


class FreshConnections:
    """Remembers the inbound listeners of each workload, and how often those behind each service have changed."""

    def __init__(self) -> None:
        self._listeners: dict[str, Listeners] = {}
        self._changes: dict[str, int] = {}

    def note(self, workloads: Iterable[Workload], configs: Mapping[str, ProxyConfig]) -> bool:
        """What the proxies have now; whether callers of some service must connect anew. New workloads are no change."""
        before, self._listeners = self._listeners, {}
        changed: set[str] = set()
        for workload in workloads:
            if workload.name not in configs:
                continue
            listeners = self._listeners[workload.name] = _inbound(configs[workload.name])
            if before.get(workload.name, listeners) != listeners:
                changed.add(f"{workload.service}.{workload.namespace}.svc.{CLUSTER_DOMAIN}")
        self.renew(changed)
        return bool(changed)

    def renew(self, hosts: Iterable[str]) -> None:
        """Callers of these services are to connect anew; what they know about instances goes with the connections."""
        for host in hosts:
            self._changes[host] = self._changes.get(host, 0) + 1

    def mark(self, configs: Mapping[str, ProxyConfig]) -> dict[str, dict[str, Mapping[str, Message]]]:
        """The resources of each workload, with the changes counted at the clusters of their services."""
        known: dict[int, Message] = {}
        return {name: self._marked(config, known) for name, config in configs.items()}

    def _marked(self, config: ProxyConfig, known: dict[int, Message]) -> dict[str, Mapping[str, Message]]:
        resources = config.resources()
        if self._changes:
            for type_url, messages in resources.items():
                if messages is config.clusters:
                    resources[type_url] = {name: self._cluster(one, known) for name, one in messages.items()}
        return resources

    def _cluster(self, message: Message, known: dict[int, Message]) -> Message:
        """A message that several proxies share is copied once."""
        if id(message) not in known:
            known[id(message)] = self._counted(message)
        return known[id(message)]

    def _counted(self, message: Message) -> Message:
        host = str(getattr(message, "name", "")).rpartition("|")[2]
        if host not in self._changes:
            return message
        counted = Cluster()
        counted.CopyFrom(message)
        counted.metadata.filter_metadata[NAMESPACE].update({CHANGES: self._changes[host]})
        marked: Message = counted
        return marked


def _inbound(config: ProxyConfig) -> Listeners:
    return {
        name: message.SerializeToString(deterministic=True)
        for name, message in config.listeners.items()
        if getattr(message, "traffic_direction", None) == INBOUND
    }
