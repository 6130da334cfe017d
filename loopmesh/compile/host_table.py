"""Policies by the host they are for, where a host may be a pattern."""

from collections.abc import Iterable
from typing import Generic, TypeVar

Policy = TypeVar("Policy")


def host_matches(pattern: str, host: str) -> bool:
    """`*` and `*.suffix` match as in Istio's host names."""
    return host == pattern or (pattern.startswith("*") and host.endswith(pattern[1:]))


class HostTable(Generic[Policy]):
    """Looks a host up in time that depends on its length, not on the number of policies; of several policies for one
    pattern the first counts."""

    def __init__(self, entries: Iterable[tuple[str, Policy]]) -> None:
        self._entries: dict[str, Policy] = {}
        for pattern, policy in entries:
            self._entries.setdefault(pattern, policy)

    def most_specific(self, host: str) -> Policy | None:
        """The policy for the host itself, else the one with the longest pattern (Istio `MostSpecificHostMatch`)."""
        patterns = (host, *(f"*{host[start:]}" for start in range(len(host) + 1)))
        return next((self._entries[pattern] for pattern in patterns if pattern in self._entries), None)
