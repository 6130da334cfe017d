"""What a call lacks to meet an authorization rule: the conditions that do not hold, by their names in Istio's API."""

from collections.abc import Iterable

from envoy.config.rbac.v3.rbac_pb2 import Permission, Policy, Principal

from loopmesh.simulate.caller_condition import caller_condition
from loopmesh.simulate.condition import Condition, Unmet
from loopmesh.simulate.operation_condition import operation_condition
from loopmesh.simulate.permission import permits
from loopmesh.simulate.principal import is_meant
from loopmesh.simulate.stream import Stream

NOBODY = Policy(
    permissions=[Permission(not_rule=Permission(any=True))], principals=[Principal(not_id=Principal(any=True))]
)
"""What a policy without rules becomes."""


def unmet_conditions(policy: Policy, stream: Stream) -> Unmet:
    """Raises NotSimulatedError."""
    callers = (_of_caller(number, one, stream) for number, one in enumerate(policy.principals))
    operations = (_of_operation(number, one, stream) for number, one in enumerate(policy.permissions))
    return Unmet(caller=_fewest(callers), operation=_fewest(operations))


def _fewest(alternatives: Iterable[tuple[Condition, ...]]) -> tuple[Condition, ...]:
    """Envoy takes no rule without any."""
    return min(alternatives, key=len)


def _of_caller(number: int, principal: Principal, stream: Stream) -> tuple[Condition, ...]:
    parts = principal.and_ids.ids if principal.HasField("and_ids") else [principal]
    return tuple(caller_condition(number, part, stream) for part in parts if not is_meant(part, stream))


def _of_operation(number: int, permission: Permission, stream: Stream) -> tuple[Condition, ...]:
    parts = permission.and_rules.rules if permission.HasField("and_rules") else [permission]
    return tuple(operation_condition(number, part, stream) for part in parts if not permits(part, stream))
