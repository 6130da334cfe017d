"""What of a call a consistent hash is made of (Istio `ConsistentHashToHashPolicy`)."""

from typing import TypeAlias

from envoy.config.route.v3.route_components_pb2 import RouteAction
from envoy.type.v3.hash_policy_pb2 import HashPolicy

from loopmesh.compile.messages import duration
from loopmesh.model.destinations.balancing import ConsistentHash, Cookie
from loopmesh.model.traffic import DestinationRule, TrafficPolicy

Hash: TypeAlias = RouteAction.HashPolicy


def consistent_hash(rule: DestinationRule | None, subset: str, port: int | None) -> ConsistentHash | None:
    """The first said by: the subset for the port, the subset, the rule for the port, the rule (Istio
    `HashForHTTPDestination`). Unlike other settings, those of a port do not hide it."""
    if rule is None:
        return None
    own = rule.subset_policy(subset)
    levels = (*_at(own, port), own, *_at(rule.policy, port), rule.policy)
    return next((found for level in levels if (found := _hash(level)) is not None), None)


def _at(policy: TrafficPolicy, port: int | None) -> tuple[TrafficPolicy, ...]:
    return (policy.ports[port],) if port is not None and port in policy.ports else ()


def _hash(policy: TrafficPolicy) -> ConsistentHash | None:
    return policy.balancing.consistent_hash if policy.balancing else None


def request_hash(wanted: ConsistentHash) -> Hash:
    """For a route."""
    if wanted.header:
        return Hash(header=Hash.Header(header_name=wanted.header))
    if wanted.cookie is not None:
        return Hash(cookie=_cookie(wanted.cookie))
    if wanted.query_parameter:
        return Hash(query_parameter=Hash.QueryParameter(name=wanted.query_parameter))
    return Hash(connection_properties=Hash.ConnectionProperties(source_ip=wanted.source_address))


def _cookie(wanted: Cookie) -> RouteAction.HashPolicy.Cookie:
    cookie = Hash.Cookie(name=wanted.name, path=wanted.path)
    if wanted.lifetime_ms is not None:
        cookie.ttl.CopyFrom(duration(wanted.lifetime_ms))
    for name, value in wanted.attributes:
        cookie.attributes.add(name=name, value=value)
    return cookie


def connection_hash(rule: DestinationRule | None, subset: str) -> list[HashPolicy]:
    """For a stream of bytes, which has nothing but its source; settings of a port do not count (Istio
    `maybeSetHashPolicy`)."""
    if rule is None:
        return []
    own, whole = rule.subset_policy(subset), rule.policy
    said = _hash(own if own.balancing else whole)
    return [HashPolicy(source_ip=HashPolicy.SourceIp())] if said and said.source_address else []
