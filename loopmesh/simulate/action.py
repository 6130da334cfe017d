"""What a route does with a request: to clusters with their shares, to another address, or an answer of its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus

from envoy.config.route.v3.route_components_pb2 import (
    DirectResponseAction,
    RedirectAction,
    Route,
    RouteAction,
    WeightedCluster,
)

from loopmesh.simulate.errors import NotSimulatedError
from loopmesh.simulate.fraction import ALL, percent
from loopmesh.simulate.request import Request
from loopmesh.simulate.virtual_host import without_port

REDIRECTS = {
    RedirectAction.MOVED_PERMANENTLY: HTTPStatus.MOVED_PERMANENTLY,
    RedirectAction.FOUND: HTTPStatus.FOUND,
    RedirectAction.SEE_OTHER: HTTPStatus.SEE_OTHER,
    RedirectAction.TEMPORARY_REDIRECT: HTTPStatus.TEMPORARY_REDIRECT,
    RedirectAction.PERMANENT_REDIRECT: HTTPStatus.PERMANENT_REDIRECT,
}
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """`percent` of the requests go to `cluster`."""

    cluster: str
    percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """A copy of `percent` of the requests goes to `cluster`; its answer is dropped."""

    cluster: str
    percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The proxy answers by itself; `location` for a redirect."""

    status: int
    body: str = ""
    location: str = ""


def weighted_clusters(action: RouteAction) -> tuple[tuple[WeightedCluster.ClusterWeight, float], ...]:
    """Clusters that get anything, with their percentages. Raises NotSimulatedError."""
    kind = action.WhichOneof("cluster_specifier")
    if kind == "cluster":
        return ((WeightedCluster.ClusterWeight(name=action.cluster), ALL),)
    if kind != "weighted_clusters":
        raise NotSimulatedError(f"a route that chooses its cluster by {kind}")
    total = sum(one.weight.value for one in action.weighted_clusters.clusters)
    clusters = action.weighted_clusters.clusters
    return tuple((one, ALL * one.weight.value / total) for one in clusters if one.weight.value)


def mirrors(action: RouteAction) -> Iterator[Mirror]:
    for policy in action.request_mirror_policies:
        share = percent(policy.runtime_fraction.default_value) if policy.HasField("runtime_fraction") else ALL
        if share:
            yield Mirror(cluster=policy.cluster, percent=share)


def own_answer(route: Route, request: Request) -> Answer | None:
    """None for a route that forwards."""
    kind = route.WhichOneof("action")
    if kind == "direct_response":
        return _direct(route.direct_response)
    if kind == "redirect":
        return _redirected(route, request)
    if kind == "route":
        return None
    raise NotSimulatedError(f"a route with the action {kind}")


def _direct(response: DirectResponseAction) -> Answer:
    body = response.body.inline_string or response.body.inline_bytes.decode(errors="replace")
    return Answer(status=response.status, body=body)


def _redirected(route: Route, request: Request) -> Answer:
    """Envoy `RouteEntryImplBase::newUri`."""
    redirect = route.redirect
    scheme = "https" if redirect.https_redirect else redirect.scheme_redirect or request.scheme
    host = redirect.host_redirect or request.authority
    if redirect.port_redirect:
        host = f"{without_port(host)}:{redirect.port_redirect}"
    elif scheme != request.scheme and host == f"{without_port(host)}:{DEFAULT_PORTS.get(request.scheme)}":
        host = without_port(host)
    path = request.path
    if redirect.path_redirect:
        query = f"?{request.query}" if request.query and "?" not in redirect.path_redirect else ""
        path = redirect.path_redirect + query
    elif redirect.prefix_rewrite:
        path = redirect.prefix_rewrite + request.path[len(route.match.prefix or request.bare_path) :]
    if redirect.strip_query:
        path = path.partition("?")[0]
    return Answer(status=REDIRECTS[redirect.response_code], location=f"{scheme}://{host}{path}")
