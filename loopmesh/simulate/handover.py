"""Where a server's proxy sends what it has let through: to its program, or elsewhere where a patch says so."""

from collections.abc import Iterable
from dataclasses import dataclass

from envoy.config.listener.v3.listener_components_pb2 import FilterChain
from envoy.extensions.filters.network.tcp_proxy.v3.tcp_proxy_pb2 import TcpProxy

from loopmesh.model.patch import Target
from loopmesh.simulate.action import Answer, own_answer, weighted_clusters
from loopmesh.simulate.chosen_route import ChosenRoute
from loopmesh.simulate.endpoint import endpoints
from loopmesh.simulate.errors import NotSimulatedError
from loopmesh.simulate.part import Part
from loopmesh.simulate.proxy import Proxy
from loopmesh.simulate.request import Request
from loopmesh.simulate.stream_shares import stream_shares
from loopmesh.simulate.verdict import Verdict

PROGRAM = "inbound|"
"""Begins the names of the clusters that are the proxy's own program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """Where it is not the program that gets it, `part` says so, and `words` what that does; `answer` is the proxy's."""

    verdict: Verdict = Verdict.REACHES
    part: Part | None = None
    words: str = ""
    answer: Answer | None = None


def hand_over_request(proxy: Proxy, chosen: ChosenRoute, request: Request) -> Handover:
    """By the route the request takes at its server."""
    if chosen.found is None:
        host = chosen.host.name if chosen.host else ""
        part = Part(target=Target.VIRTUAL_HOST, name=host)
        return Handover(verdict=Verdict.NO_ROUTE, part=part, words="leaves no route for it")
    _, host, route = chosen.found
    part = Part(target=Target.HTTP_ROUTE, name=route.name)
    if host.require_tls:
        return Handover(verdict=Verdict.UNFORESEEN, part=part, words="asks for a request by https")
    try:
        answer = own_answer(route, request)
        names = () if answer else tuple(one.name for one, _ in weighted_clusters(route.route))
    except NotSimulatedError as error:
        return Handover(verdict=Verdict.UNFORESEEN, part=part, words=f"brings {error}, which is not simulated")
    if answer is None:
        return _to_clusters(proxy, names, part)
    verdict, what = Verdict.ANSWERED, "answers by itself"
    if answer.location:
        verdict, what = Verdict.REDIRECTED, f"redirects to {answer.location}"
    return Handover(verdict=verdict, part=part, words=f"{what} with HTTP {int(answer.status)}", answer=answer)


def hand_over_stream(proxy: Proxy, chain: FilterChain) -> Handover:
    """By the filter that takes the connection over."""
    part = Part(target=Target.NETWORK_FILTER, kind=TcpProxy.DESCRIPTOR.full_name)
    names = [name for name, _ in stream_shares(chain)]
    if not names:
        return Handover(verdict=Verdict.UNFORESEEN, part=part, words="leaves nothing that takes the connection over")
    return _to_clusters(proxy, names, part)


def _to_clusters(proxy: Proxy, names: Iterable[str], part: Part) -> Handover:
    """What is the same for all of them; else it is left open."""
    found = dict.fromkeys(_to_cluster(proxy, name, part) for name in names)
    if len(found) == 1:
        return next(iter(found))
    return Handover(verdict=Verdict.UNFORESEEN, part=part, words=f"shares it out among {', '.join(names)}")


def _to_cluster(proxy: Proxy, name: str, part: Part) -> Handover:
    cluster = proxy.cluster(name)
    if cluster is None:
        words = f"sends it to {name}, which the proxy does not have"
        return Handover(verdict=Verdict.NO_CLUSTER, part=part, words=words)
    if not name.startswith(PROGRAM):
        words = f"sends it to {name} in place of the program"
        return Handover(verdict=Verdict.UNFORESEEN, part=part, words=words)
    own = Part(target=Target.CLUSTER, name=name)
    if cluster.HasField("transport_socket") or cluster.transport_socket_matches:
        words = "sets how connections to the program are opened"
        return Handover(verdict=Verdict.UNFORESEEN, part=own, words=words)
    if not any(endpoints(proxy.assignment(cluster))):
        return Handover(verdict=Verdict.NO_INSTANCE, part=own, words="leaves no address of the program")
    return Handover()
