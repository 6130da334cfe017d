"""Trying again."""

from dataclasses import dataclass, field

from loopmesh.model.policy import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """`attempts` are retries after the first try; 0 switches retries off.

    `conditions` are Istio's retryOn words, empty for Istio's default set. `avoid_previous_hosts` None is Istio's
    default: a retry goes to another instance, unless requests are spread by a hash. `source` is None where nobody
    wrote it.
    """

    attempts: int
    per_try_timeout_ms: int | None = None
    conditions: tuple[str, ...] = ()
    backoff_ms: int | None = None
    avoid_previous_hosts: bool | None = None
    remote_localities: bool = False
    source: Source | None = field(default=None, compare=False)
