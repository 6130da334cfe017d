"""Tokens: which are taken, and what is noted and passed on of them (Envoy's jwt_authn filter)."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from envoy.config.core.v3.base_pb2 import DataSource
from envoy.config.route.v3.route_components_pb2 import RouteMatch
from envoy.extensions.filters.http.jwt_authn.v3.config_pb2 import (
    JwtAuthentication,
    JwtClaimToHeader,
    JwtHeader,
    JwtProvider,
    JwtRequirement,
    JwtRequirementAndList,
    JwtRequirementOrList,
    RequirementRule,
)
from google.protobuf.empty_pb2 import Empty

from loopmesh.compile.index import MeshIndex
from loopmesh.compile.noted import TOKEN_PAYLOAD
from loopmesh.compile.selection import Selection
from loopmesh.model.policies import Policies
from loopmesh.model.policy import Source
from loopmesh.model.token import NOBODYS_KEYS, RequestAuthentication, TokenRule
from loopmesh.model.topology import Workload, WorkloadKind

ALWAYS_SPACE_DELIMITED = ("permission", "scope")
Sourced = tuple[Source, TokenRule]


def token_filter(index: MeshIndex, workload: Workload) -> JwtAuthentication | None:
    """One provider for each rule of every policy that selects the workload; None without any."""
    rules = _named(index.request_authentications, workload)
    if not rules:
        return None
    providers = {name: _provider(index, workload, rule) for name, (_, rule) in rules.items()}
    everywhere = RequirementRule(match=RouteMatch(prefix="/"), requires=_requirement(list(providers)))
    return JwtAuthentication(providers=providers, rules=[everywhere], bypass_cors_preflight=True)


def token_sources(policies: Policies, workloads: Iterable[Workload]) -> dict[str, dict[str, Source]]:
    """By workload, the rule behind each provider of its proxy, which the configuration does not say."""
    selection = Selection(policies.request_authentications, policies.settings.root_namespace)
    return {
        workload.name: {name: source for name, (source, _) in _named(selection, workload).items()}
        for workload in workloads
    }


def _named(policies: Selection[RequestAuthentication], workload: Workload) -> dict[str, Sourced]:
    """By the names Istio gives to providers: sorted by issuer (`newPolicyApplier`), policies of the workload's
    namespace first."""
    own_first = sorted(policies.of(workload), key=lambda policy: policy.selector.namespace != workload.namespace)
    rules = sorted((found for policy in own_first for found in _rules(policy)), key=lambda found: found[1].issuer)
    return {f"origins-{number}": found for number, found in enumerate(rules)}


def _rules(policy: RequestAuthentication) -> Iterator[Sourced]:
    for number, rule in enumerate(policy.rules):
        yield replace(policy.source, place=f"spec.jwtRules[{number}]"), rule


def _provider(index: MeshIndex, workload: Workload, rule: TokenRule) -> JwtProvider:
    keys = rule.keys or index.topology.key_sets.get(rule.key_source, NOBODYS_KEYS)
    delimited = sorted({*ALWAYS_SPACE_DELIMITED, *rule.space_delimited})
    return JwtProvider(
        issuer=rule.issuer,
        audiences=rule.audiences,
        local_jwks=DataSource(inline_string=keys),
        from_headers=[JwtHeader(name=one.name, value_prefix=one.prefix) for one in rule.places.headers],
        from_params=rule.places.parameters,
        from_cookies=rule.places.cookies,
        forward=rule.output.token,
        forward_payload_header=rule.output.payload_header,
        claim_to_headers=[JwtClaimToHeader(header_name=one.name, claim_name=one.claim) for one in rule.output.claims],
        payload_in_metadata=TOKEN_PAYLOAD,
        normalize_payload_in_metadata=JwtProvider.NormalizePayload(space_delimited_claims=delimited),
        # A gateway may route by claims, so it looks for the route again when they are known.
        clear_route_cache=workload.kind is WorkloadKind.GATEWAY,
    )


def _requirement(names: list[str]) -> JwtRequirement:
    """No token is allowed; one that is there must be valid for its provider. Several providers that look for tokens in
    the same place would refuse each other's, so a token valid for any of them is enough."""
    named = [JwtRequirement(provider_name=name) for name in names]
    optional = [_any([one, JwtRequirement(allow_missing=Empty())]) for one in named]
    if len(optional) == 1:
        return optional[0]
    return _any([*named, JwtRequirement(requires_all=JwtRequirementAndList(requirements=optional))])


def _any(requirements: Iterable[JwtRequirement]) -> JwtRequirement:
    return JwtRequirement(requires_any=JwtRequirementOrList(requirements=requirements))
