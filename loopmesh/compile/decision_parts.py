"""What decides about calls at a listener, taken out of it as parts of their own: rules, authorizers, tokens."""

import re
from collections.abc import Callable, Iterator

from envoy.config.listener.v3.listener_components_pb2 import FilterChain
from envoy.config.rbac.v3 import rbac_pb2
from envoy.extensions.filters.http.ext_authz.v3.ext_authz_pb2 import ExtAuthz
from envoy.extensions.filters.http.jwt_authn.v3.config_pb2 import JwtAuthentication
from envoy.extensions.filters.http.rbac.v3 import rbac_pb2 as http_rbac_pb2
from envoy.extensions.filters.network.ext_authz.v3.ext_authz_pb2 import ExtAuthz as NetworkExtAuthz
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
)
from envoy.extensions.filters.network.rbac.v3 import rbac_pb2 as network_rbac_pb2
from google.protobuf.any_pb2 import Any
from google.protobuf.message import Message

from loopmesh.compile.custom_rules import NOTE_PREFIX
from loopmesh.model.difference import Part

Content = frozenset[bytes]
"""Serialised messages; several of one name are one part, as the rules that every chain of a listener has."""
Parts = dict[tuple[Part, str], Content]
"""By what and which it is."""
RULE = re.compile(r"ns\[(.*)\]-policy\[(.*)\]-rule\[(.*)\]")
"""How authorization rules are named in a proxy, by Istio and here; an authorizer's have words before and after it."""


def content(message: Message) -> Content:
    return frozenset({message.SerializeToString(deterministic=True)})


def add_parts(parts: Parts, found: Parts) -> None:
    for key, said in found.items():
        parts[key] = parts.get(key, frozenset()) | said


def take_decisions(chain: FilterChain, listener: str) -> Parts:
    """Moves them out of the chain."""
    parts: Parts = {}
    for one in [*chain.filters]:
        manager = HttpConnectionManager()
        if one.typed_config.Unpack(manager):
            add_parts(parts, _take_from_manager(manager, listener))
            one.typed_config.Pack(manager, deterministic=True)
        elif found := _decisions(one.typed_config, listener):
            add_parts(parts, found)
            chain.filters.remove(one)
    return parts


def _take_from_manager(manager: HttpConnectionManager, listener: str) -> Parts:
    parts: Parts = {}
    for one in [*manager.http_filters]:
        if found := _decisions(one.typed_config, listener):
            add_parts(parts, found)
            manager.http_filters.remove(one)
    return parts


def _decisions(config: Any, listener: str) -> Parts:
    """Nothing for a filter that decides nothing."""
    for kind, part in KINDS:
        message = kind()
        if config.Unpack(message):
            return {(key, f"{name} at {listener}"): said for key, name, said in part(message)}
    return {}


def _rules(message: http_rbac_pb2.RBAC | network_rbac_pb2.RBAC) -> Iterator[tuple[Part, str, Content]]:
    """One part a rule, and one for an action as a whole: to allow nothing is more than to say nothing."""
    if message.HasField("rules"):
        yield from _rules_of(message.rules, rbac_pb2.RBAC.Action.Name(message.rules.action))
    if message.HasField("shadow_rules"):
        asks = message.shadow_rules_stat_prefix == NOTE_PREFIX
        action = rbac_pb2.RBAC.Action.Name(message.shadow_rules.action)
        yield from _rules_of(message.shadow_rules, "CUSTOM" if asks else f"dry run of {action}")


def _rules_of(rules: rbac_pb2.RBAC, action: str) -> Iterator[tuple[Part, str, Content]]:
    for name, policy in rules.policies.items():
        yield Part.AUTHORIZATION_RULE, f"{action} by {_rule(name)}", content(policy)
    rules.ClearField("policies")
    yield Part.AUTHORIZATION_RULE, f"{action} by policies", content(rules)


def _rule(name: str) -> str:
    """`ns[shop]-policy[orders]-rule[0]` is `AuthorizationPolicy shop/orders rule 0`."""
    found = RULE.search(name)
    return "AuthorizationPolicy {}/{} rule {}".format(*found.groups()) if found else name


def _authorizer(message: Message) -> Iterator[tuple[Part, str, Content]]:
    yield Part.AUTHORIZATION_RULE, "CUSTOM by an authorizer", content(message)


def _tokens(message: Message) -> Iterator[tuple[Part, str, Content]]:
    yield Part.TOKENS, "taken", content(message)


KINDS: tuple[tuple[type[Message], Callable[..., Iterator[tuple[Part, str, Content]]]], ...] = (
    (http_rbac_pb2.RBAC, _rules),
    (network_rbac_pb2.RBAC, _rules),
    (ExtAuthz, _authorizer),
    (NetworkExtAuthz, _authorizer),
    (JwtAuthentication, _tokens),
)
