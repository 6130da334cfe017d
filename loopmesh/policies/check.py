"""From documents to checked policies: each kind by its reader, then what they say of each other."""

from loopmesh.model.application import Application
from loopmesh.model.policies import Policies
from loopmesh.model.problem import InvalidInputError, Problem
from loopmesh.policies.authorization_policy import read_authorization_policy
from loopmesh.policies.destination_rule import read_destination_rule
from loopmesh.policies.document import Document
from loopmesh.policies.envoy_filter import read_envoy_filter
from loopmesh.policies.gateway import read_gateway
from loopmesh.policies.peer_authentication import read_peer_authentication
from loopmesh.policies.policy_set import PolicySet
from loopmesh.policies.references import check_references
from loopmesh.policies.virtual_service import read_virtual_service


def check_policies(policy_set: PolicySet, application: Application) -> Policies:
    """Everything the documents say. Raises InvalidInputError with all problems of all documents."""
    problems: list[Problem] = []
    policies = read_policies(policy_set, problems)
    # References to a policy that could not be read would only repeat its problems.
    if not problems:
        problems.extend(check_references(policies, application))
    if problems:
        raise InvalidInputError(problems)
    return policies


def read_policies(policy_set: PolicySet, problems: list[Problem]) -> Policies:
    """The policies as far as they can be read; what cannot is noted."""

    def of(kind: str) -> list[Document]:
        return [document for document in policy_set.documents.values() if document.policy.kind == kind]

    return Policies(
        routings=tuple(read_virtual_service(one, problems) for one in of("VirtualService")),
        destination_rules=tuple(read_destination_rule(one, problems) for one in of("DestinationRule")),
        peer_authentications=tuple(read_peer_authentication(one, problems) for one in of("PeerAuthentication")),
        authorization_policies=tuple(read_authorization_policy(one, problems) for one in of("AuthorizationPolicy")),
        gateways=tuple(read_gateway(one, problems) for one in of("Gateway")),
        gateway_filters=tuple(found for one in of("EnvoyFilter") for found in read_envoy_filter(one, problems)),
    )
