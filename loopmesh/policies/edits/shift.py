"""Shares of a service's calls by version."""

from collections.abc import Mapping
from typing import Any

from loopmesh.model.application import Service
from loopmesh.model.problem import InvalidInputError, Origin, Problem
from loopmesh.policies.document import Document
from loopmesh.policies.edits.service_routes import Content, edit_routes, new_policy
from loopmesh.policies.host_names import covers, qualify_host
from loopmesh.policies.policy_set import PolicySet
from loopmesh.policies.writing import with_namespace

KIND = "DestinationRule"


def shift(policy_set: PolicySet, service: Service, weights: Mapping[str, int]) -> list[Content]:
    """Gives each version, or subset of the service's DestinationRule, its share; what is 0 gets none.

    A route changes if it leads to the service alone and is either without a match, split already, or open to every
    version; one that a match leads to a chosen version stays. Raises InvalidInputError.
    """
    rules = _rules_with_subsets(policy_set, service, weights)
    chosen = {version: weight for version, weight in weights.items() if weight}
    return [*rules, *edit_routes(policy_set, service, lambda route: _share(route, chosen))]


def shares(policy_set: PolicySet, service: Service) -> list[dict[str, int]]:
    """How each route that `shift` would change shares the calls now: the weight of each subset, 100 of the only one."""
    found: list[dict[str, int]] = []

    def look(route: Content) -> bool:
        if not _is_pinned(route):
            only = 100 if len(route["route"]) == 1 else 0
            found.append({one["destination"].get("subset", ""): one.get("weight", only) for one in route["route"]})
        return False

    edit_routes(policy_set, service, look, must=False)
    return found


def _is_pinned(route: Content) -> bool:
    """A match leads to a chosen version."""
    destinations = route["route"]
    return len(destinations) == 1 and "subset" in destinations[0]["destination"] and "match" in route


def _share(route: Content, weights: Mapping[str, int]) -> bool:
    if _is_pinned(route):
        return False
    destinations = route["route"]
    known = {one["destination"].get("subset"): one for one in destinations}
    route["route"] = [_destination(known, destinations[0], version) for version in weights]
    if len(weights) > 1:
        for one, weight in zip(route["route"], weights.values(), strict=True):
            one["weight"] = weight
    return True


def _destination(known: Mapping[str | None, Content], first: Content, version: str) -> Content:
    """What the route says of the subset already stays, header changes for example."""
    kept = {key: value for key, value in known.get(version, {}).items() if key != "weight"}
    return kept or {"destination": {**first["destination"], "subset": version}}


def _rules_with_subsets(policy_set: PolicySet, service: Service, weights: Mapping[str, int]) -> list[Content]:
    """The DestinationRule to apply so that every version is a subset of it; none if that is so."""
    rules = [one for one in policy_set.documents.values() if one.policy.kind == KIND]
    own = [rule for rule in rules if _host(rule) == service.host]
    present = {subset["name"] for rule in own for subset in _spec(rule).get("subsets") or ()}
    missing = [version for version in weights if version not in present]
    _check_versions(service, missing, sorted(present))
    subsets = [{"name": version, "labels": {"version": version}} for version in missing]
    if not missing:
        return []
    if own:
        content: Content = with_namespace(own[0])
        content["spec"]["subsets"] = [*(content["spec"].get("subsets") or ()), *subsets]
        return [content]
    for rule in rules:
        if covers(_host(rule), service.host):
            raise InvalidInputError([_would_be_hidden(rule, service)])
    return [new_policy(policy_set, KIND, service, {"host": service.name, "subsets": subsets})]


def _check_versions(service: Service, missing: list[str], subsets: list[str]) -> None:
    known = [version.name for version in service.versions]
    problems = [
        Problem(
            origin=Origin(file="mesh shift", line=0),
            value=version,
            rule=f"{service.name} has no such version, and no DestinationRule such a subset",
            remedy=f"use {', '.join(dict.fromkeys([*known, *subsets]))}",
        )
        for version in missing
        if version not in known
    ]
    if problems:
        raise InvalidInputError(problems)


def _would_be_hidden(rule: Document, service: Service) -> Problem:
    """Of several rules only the most specific one counts (Istio `MostSpecificHostMatch`)."""
    return Problem(
        origin=rule.origin,
        value=str(rule.policy),
        rule=f"it covers {service.host}; a rule with subsets for that host alone would put it out of force there",
        remedy=f"write a DestinationRule for {service.name} with this traffic policy and the subsets, and apply it",
    )


def _spec(rule: Document) -> Content:
    spec: Any = rule.spec.plain()
    return dict(spec)


def _host(rule: Document) -> str:
    return qualify_host(str(_spec(rule)["host"]), rule.namespace)
