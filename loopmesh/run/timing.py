"""How long everything may take, in one place. Never: reads a clock."""

from dataclasses import dataclass, field

from loopmesh.run.backoff import Backoff


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Defaults suit a developer's machine; `…_s` are seconds.

    `failures_until_unready` is Kubernetes' default failureThreshold: one slow answer takes nobody out of the mesh. A
    program that answers NOT_SERVING is believed at once. `crashes_until_given_up` ends only the waiting for
    readiness; starts go on.
    """

    restart: Backoff = field(default_factory=Backoff)
    probe_at_start: Backoff = field(default_factory=lambda: Backoff(first_s=0.02, longest_s=0.2))
    probe_when_ready_s: float = 2.0
    probe_timeout_s: float = 1.0
    failures_until_unready: int = 3
    crashes_until_given_up: int = 5
    ready_timeout_s: float = 60.0
    waiting_told_every_s: float = 5.0
    drain_s: float = 5.0
    program_grace_s: float = 10.0
    proxy_grace_s: float = 2.0
