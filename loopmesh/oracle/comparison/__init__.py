"""Where loopmesh's configuration of a proxy differs from Istio's, in mesh words.

Enters: two configurations of the same workloads. Leaves: every difference that is not only one of spelling, with the
reason where it is one loopmesh declares. Never: decides that a difference does not matter without saying so.
"""

from loopmesh.oracle.comparison.compare import Difference, compare_proxies
from loopmesh.oracle.comparison.parts import Configuration

__all__ = ["Configuration", "Difference", "compare_proxies"]
