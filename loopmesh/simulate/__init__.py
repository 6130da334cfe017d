"""What proxies would do with a request. Enters: configuration and a request. Leaves: every step and its reason.

Envoy's own rules, applied to the messages a proxy has: listener, virtual host, route, cluster, instance, then the
server's filter chain and filters. Chance is told as shares, not drawn. Never: opens a connection or reads the clock.
"""

from loopmesh.simulate.call import Call, simulate_arrival, simulate_call, simulate_connection
from loopmesh.simulate.errors import NotSimulatedError
from loopmesh.simulate.landing import Landing
from loopmesh.simulate.proxy import Proxy
from loopmesh.simulate.request import Request
from loopmesh.simulate.verdict import Verdict

__all__ = [
    "Call",
    "Landing",
    "NotSimulatedError",
    "Proxy",
    "Request",
    "Verdict",
    "simulate_arrival",
    "simulate_call",
    "simulate_connection",
]
