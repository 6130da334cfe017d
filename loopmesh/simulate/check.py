"""What a filter decided about a request, and by which rule."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from loopmesh.simulate.condition import MET, Unmet
from loopmesh.simulate.origin import Rule
from loopmesh.simulate.part import Part

BY_RULES = ("ALLOW", "DENY")
"""Actions of AuthorizationPolicies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleResult:
    """`unmet` is what the call lacks for the rule to hold. `asks_token`: who it speaks of is known by a token.
    `is_empty`: it stands for a policy that has no rules, and `rule` is that policy."""

    name: str
    rule: Rule | None
    unmet: Unmet = MET
    asks_token: bool = False
    is_empty: bool = False

    @property
    def policy(self) -> Rule | None:
        """The whole of what the rule is a part of."""
        return replace(self.rule, place="") if self.rule else None

    @property
    def fits_operation(self) -> bool:
        """What is done is what the rule speaks of."""
        return not self.unmet.operation

    @property
    def fits_caller(self) -> bool:
        """Who does it is whom the rule speaks of."""
        return not self.unmet.caller

    @property
    def holds(self) -> bool:
        return self.fits_operation and self.fits_caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """`action` is ALLOW, DENY, LOG, DRY_RUN, JWT, CORS, CUSTOM, HEADERS, PATH or TRANSLATION; `decided_by` the rule
    that let through, audited or stopped, or would have, None where none spoke.

    `status` is the HTTP status of a stop, `reason` its words as the proxy says them; `words` say more where there is
    more to say. `part` is the filter.
    """

    action: str
    passed: bool
    decided_by: RuleResult | None = None
    rules: tuple[RuleResult, ...] = ()
    status: int = 0
    reason: str = ""
    words: str = ""
    part: Part | None = None

    @property
    def patched(self) -> tuple[Part, ...]:
        """The filter, if it has stopped the call by what is no rule of Istio's."""
        is_own = self.action in BY_RULES and not any(one.rule for one in self.rules)
        return (self.part,) if is_own and self.part else ()


def stopping(checks: Iterable[Check]) -> Check | None:
    """The one that has stopped the call, if one has."""
    return next((check for check in checks if not check.passed), None)
