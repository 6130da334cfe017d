"""Where two configurations of the mesh differ, in mesh words."""

from collections.abc import Iterator, Mapping

from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from google.protobuf.message import Message

from loopmesh.compile.decision_parts import Content, Parts, add_parts, content, take_decisions
from loopmesh.compile.proxy_config import ProxyConfig
from loopmesh.model.difference import Change, Part, PartDifference


def differences(before: Mapping[str, ProxyConfig], after: Mapping[str, ProxyConfig]) -> dict[str, list[PartDifference]]:
    """By workload, in the order of `after`; workloads whose configuration stays the same are left out."""
    reader = _Reader()
    found = {name: reader.compare(before[name], after[name]) for name in after if name in before}
    return {name: parts for name, parts in found.items() if parts}


class _Reader:
    """Takes messages apart; one that many proxies share is taken apart once."""

    def __init__(self) -> None:
        self._known: dict[int, Parts] = {}

    def compare(self, before: ProxyConfig, after: ProxyConfig) -> list[PartDifference]:
        old, new = self._parts(before), self._parts(after)
        return sorted(
            PartDifference(part=key[0], name=key[1], change=_change(key, old, new))
            for key in {*old, *new}
            if old.get(key) != new.get(key)
        )

    def _parts(self, config: ProxyConfig) -> Parts:
        parts: Parts = {}
        messages = [message for several in config.resources().values() for message in several.values()]
        for message in messages:
            if id(message) not in self._known:
                self._known[id(message)] = dict(_take_apart(message))
            add_parts(parts, self._known[id(message)])
        return parts


def _change(key: tuple[Part, str], old: Parts, new: Parts) -> Change:
    if key not in old:
        return Change.ADDED
    return Change.CHANGED if key in new else Change.REMOVED


def _take_apart(message: Message) -> Iterator[tuple[tuple[Part, str], Content]]:
    if isinstance(message, RouteConfiguration):
        yield from _routes(message)
    elif isinstance(message, Listener):
        yield from _listener(message)
    elif "cluster_name" in message.DESCRIPTOR.fields_by_name:
        yield (Part.INSTANCES, _destination(getattr(message, "cluster_name", ""))), content(message)
    else:
        yield (Part.DESTINATION, _destination(getattr(message, "name", ""))), content(message)


def _routes(message: RouteConfiguration) -> Iterator[tuple[tuple[Part, str], Content]]:
    for host in message.virtual_hosts:
        yield (Part.ROUTE, host.name), content(host)
    rest = RouteConfiguration()
    rest.CopyFrom(message)
    del rest.virtual_hosts[:]
    yield (Part.ROUTE, f"all of {message.name}"), content(rest)


def _listener(message: Listener) -> Iterator[tuple[tuple[Part, str], Content]]:
    """What decides about calls is parts of its own; what remains is the listener."""
    rest = Listener()
    rest.CopyFrom(message)
    rules: Parts = {}
    for chain in rest.filter_chains:
        add_parts(rules, take_decisions(chain, message.name))
    yield from rules.items()
    yield (Part.LISTENER, message.name), content(rest)


def _destination(cluster: str) -> str:
    """`outbound|50051|v1|inventory.shop.svc.cluster.local` is `inventory.shop.svc.cluster.local:50051 subset v1`."""
    words = cluster.split("|")[1:]
    if len(words) != 3:
        return cluster
    port, subset, host = words
    target = f"{host}:{port}" if host else f"the program at port {port}"
    return f"{target} subset {subset}" if subset else target
