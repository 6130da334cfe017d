"""What may be said and is seldom meant: Istio's analysis warns of it, or its generator leaves it to chance, and nobody
is kept from it."""

from collections.abc import Iterator, Set

from loopmesh.model.policies import Policies
from loopmesh.model.policy import PolicyName
from loopmesh.model.problem import Problem
from loopmesh.policies.cautions.gateway_routes import routes_that_go_past_subsets
from loopmesh.policies.cautions.relative_patches import patches_without_priority
from loopmesh.policies.cautions.same_certificates import certificates_of_several_gateways
from loopmesh.policies.cautions.several_addresses import hosts_at_several_addresses
from loopmesh.policies.cautions.shared_addresses import hosts_at_one_address
from loopmesh.policies.cautions.unverified_servers import servers_of_any_authority
from loopmesh.policies.references import Place


def check_cautions(policies: Policies, place: Place, *, broken: Set[PolicyName]) -> Iterator[Problem]:
    """Warnings; of a broken policy nothing more is said."""
    rules = [one for one in policies.destination_rules if one.source.policy not in broken]
    yield from servers_of_any_authority(rules, place)
    yield from certificates_of_several_gateways([one for one in policies.gateways if one.source.policy not in broken])

    yield from routes_that_go_past_subsets([one for one in policies.routings if one.source.policy not in broken])
    yield from patches_without_priority([one for one in policies.patches if one.source.policy not in broken])
    added = [one for one in policies.added_hosts if one.source.policy not in broken]
    yield from hosts_at_several_addresses(added, place)
    yield from hosts_at_one_address(added, place)
