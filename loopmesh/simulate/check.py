"""What a filter decided about a request, and by which rule."""

from dataclasses import dataclass

from loopmesh.simulate.origin import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleResult:
    """`fits_operation`: what is done is what the rule speaks of; `fits_caller`: who does it is. Both make it hold.
    `asks_token`: who it speaks of is known by a token."""

    name: str
    rule: Rule | None
    fits_operation: bool
    fits_caller: bool
    asks_token: bool = False

    @property
    def holds(self) -> bool:
        return self.fits_operation and self.fits_caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """`action` is ALLOW, DENY, LOG, JWT, CORS, CUSTOM, HEADERS or TRANSLATION; `decided_by` the rule that let through,
    audited or stopped, None where none spoke.

    `status` is the HTTP status of a stop, `reason` its words as the proxy says them; `words` say more where there is
    more to say.
    """

    action: str
    passed: bool
    decided_by: RuleResult | None = None
    rules: tuple[RuleResult, ...] = ()
    status: int = 0
    reason: str = ""
    words: str = ""
