"""Where loopmesh's configuration is another one on purpose: what, and why no call is answered differently by it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from loopmesh.model.token import NOBODYS_KEYS
from loopmesh.oracle.comparison.parts import Part

HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
ADDRESS = re.compile(r"\d+(\.\d+){3}|\[[0-9a-f.:]+]")
TYPE = f"type.googleapis.com/{HTTP_OPTIONS}"


def _only_own(_: Any, istio: Any) -> bool:
    """What Istio has not at all."""
    return istio is None


def _only_type(own: Any, istio: Any) -> bool:
    """Options without a setting, or none."""
    return all(one in (None, {"@type": TYPE}, {HTTP_OPTIONS: {"@type": TYPE}}) for one in (own, istio))


def _both_say(own: Any, istio: Any) -> bool:
    return own is not None and istio is not None


def _nobodys(own: Any, _: Any) -> bool:
    return bool(own == NOBODYS_KEYS)


def _only_addresses(own: Any, istio: Any) -> bool:
    """One has addresses beside all that both have."""
    return bool(own and istio) and all(map(ADDRESS.fullmatch, set(own) ^ set(istio)))


def _of_called_names(own: Any, istio: Any) -> bool:
    """A filter that Istio adds for a host with resolution DYNAMIC_DNS."""
    cache = ((istio or {}).get("typed_config") or {}).get("dns_cache_config") or {}
    return own is None and str(cache.get("name")).endswith("_dfp_dns_cache")


@dataclass(frozen=True, slots=True)
class Declared:
    """`part` and `field` are patterns of a part's kind and name and of the path inside it, empty for the whole part;
    `when` asks the two values, None for what is not there; without it they do not matter."""

    part: str
    field: str
    reason: str
    when: Callable[[Any, Any], bool] | None = None

    def holds(self, part: Part, field: str, own: Any, istio: Any) -> bool:
        is_meant = re.fullmatch(self.part, " ".join(part)) and re.fullmatch(self.field, field)
        return bool(is_meant) and (self.when is None or self.when(own, istio))


ANY = r".*"
MANAGER = r"(filters\.envoy\.filters\.network\.http_connection_manager\.typed_config\.)?"
STATISTICS = r"(filters\.envoy\.filters\.network\.\w+\.typed_config\.)?stat_prefix"
CHAINS = r"(inbound|outbound|edge|TCP) .*"
CLUSTER = r"cluster .*"
OWN_NAME = "a rule that was merged or delegated to is named itself, not the one it belongs to"
EDGE = "loopmesh's edge bounds streams, windows and waiting as Envoy advises for edges"
DECLARED: tuple[Declared, ...] = (
    Declared(CHAINS, STATISTICS, "listeners are others, and so are their statistics"),
    Declared(CLUSTER, r"circuit_breakers\..*\.track_remaining", "what is left of a limit is counted, too"),
    Declared(ANY, r".*\.shadow_rules_stat_prefix", "statistics of dry runs where there is none"),
    Declared(
        r"inbound .*", MANAGER + r"http_filters\.envoy\.filters\.http\.(fault|cors)", "no inbound route uses them"
    ),
    Declared(CHAINS, r"(.*\.)?access_log(\[.*)?", "a line for `mesh logs` is always written", when=_only_own),
    Declared(CHAINS, r".*tracing\.provider\..*", "spans go to loopmesh's receiver, under the service's name"),
    Declared(CHAINS, r".*tracing\.spawn_upstream_span", "loopmesh shows each attempt as a span of its own"),
    Declared(
        CHAINS,
        r".*tracing\.custom_tags\.(order|istio\.authorization\.dry_run\..*)",
        "tags of dry runs, here where there are some",
    ),
    Declared(CHAINS, r"(.*\.)?initial_fetch_timeout", "only how long a proxy waits for its first configuration"),
    Declared(CLUSTER, r"(.*\.)?initial_fetch_timeout", "only how long a proxy waits for its first configuration"),
    Declared(CHAINS, r".*\.local_jwks\.inline_string", "keys not fetched yet: one that nobody can sign with", _nobodys),
    Declared(
        r"(outbound|cluster) .*",
        r"(.*dynamic_forward_proxy|cluster_type)\.typed_config\.dns_cache_config\.(name|max_hosts)",
        "one cache for all names that are looked up, of Envoy's default size, which is Istio's too",
    ),
    Declared(
        CLUSTER,
        r"cluster_type\.typed_config\.allow_insecure_cluster_options",
        "lets a host be called without TLS, which Envoy does anyway where nothing asks for TLS",
    ),
    Declared(ANY, r".*\.set_node_on_first_message_only", "a matter of the protocol certificates come by"),
    Declared(CLUSTER, r"typed_dns_resolver_config", "how many questions a resolver asks over one socket"),
    Declared(CLUSTER, r"metadata\.filter_metadata\.istio\.alpn_override", "for a filter only Istio's Envoy has"),
    Declared(CLUSTER, r"eds_cluster_config\.service_name", "the cluster's own name, which Envoy takes without it"),
    Declared(
        CLUSTER,
        r"typed_extension_protocol_options(\..*\.HttpProtocolOptions)?",
        "an HTTP/1.1 port without settings, which is the default",
        _only_type,
    ),
    Declared(
        r"(cluster|route|host|TCP|edge) .*",
        r"metadata\.filter_metadata\.loopmesh",
        "the place in the user's file",
        when=_only_own,
    ),
    Declared(r"(route|cluster) .*", r"metadata\.filter_metadata\.istio\.config", OWN_NAME, _both_say),
    Declared(r"TCP .*", r"metadata(\..*)?", "names the policy for people only"),
    Declared(CLUSTER, "", "a destination no route of this proxy leads to", when=_only_own),
    Declared(
        r"(inbound|TCP) .*", r"filters\.envoy\.filters\.network\.mongo_proxy", "it only counts what a database is asked"
    ),
    Declared(
        r"host .*",
        "domains",
        "of a host's addresses, and of an address's hosts, Istio's proxies know one, by chance",
        _only_addresses,
    ),
    Declared(
        r"outbound .*",
        r"http_filters\.envoy\.filters\.http\.dynamic_forward_proxy",
        "a cluster of called names looks them up itself",
        _of_called_names,
    ),
    Declared(r"outbound .*", r"rds\.route_config_name", "loopmesh has one set of routes for all ports"),
    Declared(CHAINS, r"transport_socket_connect_timeout", "how long a caller may take for its TLS handshake"),
    Declared(
        r"edge .*",
        MANAGER
        + r"(http2_protocol_options(\..*)?|common_http_protocol_options(\.idle_timeout)?|request_headers_timeout)",
        EDGE,
    ),
)


def reason_for(part: Part, field: str, own: Any, istio: Any) -> str:
    """Empty for a difference nobody declared; None is what is not there."""
    return next((one.reason for one in DECLARED if one.holds(part, field, own, istio)), "")
