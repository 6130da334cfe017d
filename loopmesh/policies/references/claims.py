"""Claims that routes ask for must be taken from somewhere."""

from collections.abc import Iterator

from loopmesh.model.policies import Policies
from loopmesh.model.problem import Problem
from loopmesh.model.routing import Routing
from loopmesh.policies.analysis import Message, policy_problem
from loopmesh.policies.references.known import Known


def claim_problems(known: Known, policies: Policies, routing: Routing) -> Iterator[Problem]:
    """A gateway whose requests no RequestAuthentication looks at has no claims to choose by."""
    asking = next((one for one in routing.routes for match in one.matches if match.claims), None)
    if asking is None or not known.complete:
        return
    bound = [known.gateways[name] for name in routing.gateways if name in known.gateways]
    for workload in known.application.gateways:
        is_looked_at = any(
            policies.settings.reaches(one.selector, workload.namespace, workload.labels)
            for one in policies.request_authentications
        )
        if not is_looked_at and any(gateway.selects(workload.labels) for gateway in bound):
            remedy, message = "add a RequestAuthentication for the gateway", Message.CLAIMS_OF_NOBODY
            rule = f"no RequestAuthentication selects gateway {workload.name}, so no request has claims"
            yield policy_problem(asking.source, "claims", rule, remedy, message=message)
