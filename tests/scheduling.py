"""How the workers of pytest-xdist share the tests. Enters: the names of all tests. Leaves: groups that one worker runs,
in the order in which they are begun. Never: an order that tests rely on."""

import re

from xdist.scheduler import LoadScopeScheduling

LONGEST_FIRST = (
    "tests/parity/test_cases.py",
    "tests/services/orders/test_orders_process.py",
    "tests/docs/",
    "tests/parity/",
    "tests/chart/test_monitoring.py",
    "tests/e2e/",
    "tests/simulate/",
    "tests/chart/",
    "tests/testing/",
    "tests/run/",
    "tests/services/",
    "tests/policies/test_limits.py",
)
"""What takes minutes at the end would leave the other workers idle; all else takes seconds."""
BACKING = re.compile(r"\[(loopmesh|istio|sqlite|postgresql)\b")


class ByFileAndBacking(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Tests of a file share its mesh and stay together; on another control plane or database they have another one."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        backing = BACKING.search(test)
        return f"{file} {backing[1]}" if backing else file


def place_in_queue(nodeid: str) -> int:
    """Smaller numbers are begun earlier."""
    places = (place for place, beginning in enumerate(LONGEST_FIRST) if nodeid.startswith(beginning))
    return next(places, len(LONGEST_FIRST))
