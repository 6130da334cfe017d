"""From documents to checked policies: each kind by its reader, then what they say of each other."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from loopmesh.model.application import Application
from loopmesh.model.mesh_settings import MeshSettings
from loopmesh.model.policies import Policies
from loopmesh.model.policy import PolicyName
from loopmesh.model.problem import InvalidInputError, Problem, has_error
from loopmesh.policies.authorization_policy import read_authorization_policy
from loopmesh.policies.authorizer_references import check_authorizers
from loopmesh.policies.cautions import check_cautions
from loopmesh.policies.conflicts import check_conflicts
from loopmesh.policies.delegation import check_delegation
from loopmesh.policies.destination_rule import read_destination_rule
from loopmesh.policies.document import Document
from loopmesh.policies.envoy_filter import read_envoy_filter
from loopmesh.policies.envoy_filter.references import check_patches
from loopmesh.policies.gateway import read_gateway
from loopmesh.policies.mesh_config import read_mesh_settings
from loopmesh.policies.peer_authentication import read_peer_authentication
from loopmesh.policies.policy_set import PolicySet
from loopmesh.policies.references import check_references
from loopmesh.policies.request_authentication import read_request_authentication
from loopmesh.policies.service_entry import read_service_entry
from loopmesh.policies.sidecar import read_sidecar
from loopmesh.policies.telemetry import read_telemetry
from loopmesh.policies.telemetry_references import check_telemetries
from loopmesh.policies.virtual_service import read_virtual_service

Policy = TypeVar("Policy")
Reader = Callable[[Document, list[Problem]], Policy]


def check_policies(policy_set: PolicySet, application: Application) -> Policies:
    """Everything the documents say. Raises InvalidInputError with all problems of all files and documents if one of
    them is an error; others are the policies' warnings."""
    reading = _Reading(policy_set)
    policies = reading.policies()
    problems = [*policy_set.problems, *reading.problems]
    complete = not policy_set.problems
    problems += check_references(policies, application, policy_set.place, broken=reading.broken, complete=complete)
    problems += check_delegation(policies, broken=reading.broken, complete=complete)
    if reading.knows_settings:
        problems += check_telemetries(policies, application, policy_set.place, broken=reading.broken)
        problems += check_authorizers(policies, application, policy_set.place, broken=reading.broken)
    problems += check_patches(policies, application, broken=reading.broken)
    problems += check_conflicts(policies, application, policy_set.origin_at, broken=reading.broken)
    problems += check_cautions(policies, policy_set.place, broken=reading.broken)
    if has_error(problems):
        raise InvalidInputError(problems)
    return replace(policies, warnings=tuple(sorted(set(problems))))


def check_provisions(policy_set: PolicySet) -> Policies:
    """Only what this machine provides for somebody else who reads the rest: ports of gateways and hosts outside,
    certificates for connections, keys of issuers; and what explanations name: patches, and the mesh's root namespace,
    for whom policies in it mean.

    A policy loopmesh cannot read gets nothing. Raises InvalidInputError for YAML of no policy and for gateways.
    """
    reading = _Reading(policy_set)
    gateways = reading.read("Gateway", read_gateway)
    problems = [*policy_set.problems, *reading.problems]
    if has_error(problems):
        raise InvalidInputError(problems)
    entries = [found for several in reading.read("ServiceEntry", read_service_entry) for found in several]
    rules = reading.read("DestinationRule", read_destination_rule)
    tokens = reading.read("RequestAuthentication", read_request_authentication)
    patches = [found for several in reading.read("EnvoyFilter", read_envoy_filter) for found in several]
    return Policies(
        settings=MeshSettings(root_namespace=policy_set.root_namespace),
        gateways=gateways,
        added_hosts=tuple(one for one in entries if one.source.policy not in reading.broken),
        destination_rules=tuple(one for one in rules if one.source.policy not in reading.broken),
        request_authentications=tuple(one for one in tokens if one.source.policy not in reading.broken),
        patches=tuple(one for one in patches if one.source.policy not in reading.broken),
    )


class _Reading:
    """The policies as far as they can be read; `broken` are those that have a problem.

    Without knowing the mesh's settings nothing can be said of what they name.
    """

    def __init__(self, policy_set: PolicySet) -> None:
        self.problems: list[Problem] = []
        self.broken: set[PolicyName] = set()
        self.knows_settings = True
        self._documents = policy_set.documents.values()
        self._mesh_config = policy_set.mesh_config

    def policies(self) -> Policies:
        filters = self.read("EnvoyFilter", read_envoy_filter)
        entries = self.read("ServiceEntry", read_service_entry)
        return Policies(
            settings=self._settings(),
            routings=self.read("VirtualService", read_virtual_service),
            destination_rules=self.read("DestinationRule", read_destination_rule),
            peer_authentications=self.read("PeerAuthentication", read_peer_authentication),
            request_authentications=self.read("RequestAuthentication", read_request_authentication),
            authorization_policies=self.read("AuthorizationPolicy", read_authorization_policy),
            gateways=self.read("Gateway", read_gateway),
            telemetries=self.read("Telemetry", read_telemetry),
            sidecars=self.read("Sidecar", read_sidecar),
            added_hosts=tuple(found for several in entries for found in several),
            patches=tuple(found for several in filters for found in several),
        )

    def _settings(self) -> MeshSettings:
        if self._mesh_config is None:
            return MeshSettings()
        before = len(self.problems)
        settings = read_mesh_settings(self._mesh_config, self.problems)
        self.knows_settings = len(self.problems) == before
        return settings

    def read(self, kind: str, read: Reader[Policy]) -> tuple[Policy, ...]:
        return tuple(self._one(document, read) for document in self._documents if document.policy.kind == kind)

    def _one(self, document: Document, read: Reader[Policy]) -> Policy:
        before = len(self.problems)
        policy = read(document, self.problems)
        if has_error(self.problems[before:]):
            self.broken.add(document.policy)
        return policy
