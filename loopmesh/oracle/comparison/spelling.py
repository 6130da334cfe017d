"""One spelling for what means the same, so that only meaning is compared."""

import base64
import re
from collections.abc import Callable
from typing import Any

from loopmesh.oracle.comparison.known_ports import decide_ports
from loopmesh.oracle.comparison.parts import Part, host_names
from loopmesh.oracle.comparison.plain import Plain

KEYS = {"http_filters": "name", "filters": "name", "custom_tags": "tag", "transport_socket_matches": "name"}
"""Lists whose entries have a name to be compared by."""
PORT = re.compile(r"port (\d+)")
MONGO = "envoy.filters.network.mongo_proxy"
IDLE = {
    "inbound": frozenset({"envoy.filters.http.fault", "envoy.filters.http.cors", MONGO}),
    "outbound": frozenset({"envoy.filters.http.dynamic_forward_proxy"}),
    "TCP": frozenset({MONGO}),
}
"""Filters that do nothing to what other filters see, by the kind of part; their place does not matter."""
OWN_LOG = "envoy.access_loggers.stdout"
PARTS = {"HUNDRED": 100, "TEN_THOUSAND": 10_000, "MILLION": 1_000_000}
NOTHING: tuple[Any, ...] = ({}, [], {"denominator": "MILLION"})
EMPTY = frozenset(
    {
        "common_http_protocol_options",
        "common_lb_config",
        "http2_protocol_options",
        "http_protocol_options",
        "locality",
        "match",
        "percentage",
        "tls_params",
    }
)
"""What empty means the same as not there; an empty message of another name turns something on."""
CHOOSING = ("explicit_http_config", "use_downstream_protocol_config")
"""Where what is there, be it empty, says which protocol is spoken."""
PLACING = {
    "cluster": ("name",),
    "host": ("name",),
    "inbound": ("filter_chain_match", "name"),
    "outbound": ("filter_chain_match", "name"),
    "TCP": ("name",),
    "edge": ("name",),
}
"""What is in a part's name, or is cut into other chains on purpose."""
DEFAULTS: Plain = {
    "case_sensitive": True,
    "use_remote_address": False,
    "explicit_http_config": {"http_protocol_options": {}},
    "external": True,
    "health_status": "HEALTHY",
    "use_request_id_for_trace_sampling": True,
    "request_id_extension": {
        "typed_config": {"@type": "type.googleapis.com/envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig"}
    },
    "xff_num_trusted_hops": 0,
}
"""What Envoy does without the field."""


def one_spelling(part: Part, value: Plain) -> Plain:
    """What a part means; changes nothing it is given. What places a chain in a listener is in the part's name."""
    idle = IDLE.get(part[0], frozenset())
    placing = PLACING.get(part[0], ())
    spelled: Plain = _spell({key: said for key, said in value.items() if key not in placing}, idle)
    if part[0] in ("inbound", "edge"):
        spelled = decide_ports(spelled, int(PORT.findall(part[1])[0]))
    if part[0] == "route":
        spelled["match"] = _match(spelled["match"])
    if part[0] == "host":
        spelled["domains"] = host_names(value["domains"])
    return spelled


def without_own_line(spelled: Any) -> Any:
    """loopmesh writes a line of its own before those that policies ask for; one that stands alone stays."""
    if isinstance(spelled, list):
        return [without_own_line(one) for one in spelled]
    if not isinstance(spelled, dict):
        return spelled
    return {key: without_own_line(said[1:] if _begins_with_own(key, said) else said) for key, said in spelled.items()}


def _begins_with_own(key: str, said: Any) -> bool:
    return key == "access_log" and len(said) > 1 and bool(said[0].get("name") == OWN_LOG)


def _spell(value: Any, idle: frozenset[str], *, chooses: bool = False) -> Any:
    if isinstance(value, list):
        return [_spell(one, idle) for one in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"numerator", "denominator"}:
        return 100 * value["numerator"] / PARTS[value["denominator"]]
    spelled: Plain = {}
    for key, said in value.items():
        name, inside = RENAMED[key](said) if key in RENAMED else (key, said)
        inside = _spell(inside, idle, chooses=name in CHOOSING)
        if name in KEYS and all(isinstance(one, dict) and KEYS[name] in one for one in inside):
            inside = _by_name(inside, KEYS[name], idle)
        says_nothing = inside in NOTHING and (said != {} or (name in EMPTY and not chooses))
        if not says_nothing and DEFAULTS.get(name, ...) != inside:
            spelled[name] = inside
    return spelled


def _by_name(entries: list[Plain], key: str, idle: frozenset[str]) -> Plain:
    """Of tags with one name Envoy heeds the first."""
    order = [one[key] for one in entries if one[key] not in idle]
    return {one[key]: one for one in reversed(entries)} | {"order": order}


def _match(said: Plain) -> Plain:
    """Names of headers have no case; of conditions that must all hold the order does not matter."""
    headers = [{**header, "name": header["name"].lower()} for header in said.get("headers", ())]
    conditions = {"headers": headers} | {key: said.get(key, []) for key in ("query_parameters", "dynamic_metadata")}
    return said | {key: sorted(found, key=repr) for key, found in conditions.items() if found}


def _subject_names(said: list[Plain]) -> tuple[str, list[Plain]]:
    """The field that tells the kind of name replaced one that does not, which stands for every kind."""
    return "match_subject_alt_names", list({repr(one["matcher"]): one["matcher"] for one in said}.values())


def _stream_duration(said: Plain) -> tuple[str, str]:
    """Both forms bound the deadline a gRPC client sends."""
    return "max_grpc_timeout", said.get("grpc_timeout_header_max", "0s")


def _percent(said: Any) -> tuple[str, Any]:
    """Numerators of a hundred leave their denominator out."""
    known = {"denominator": "HUNDRED", **said} if isinstance(said, dict) and "numerator" in said else said
    return "default_value", known


def _endpoints(said: list[Plain]) -> tuple[str, list[Plain]]:
    """Istio repeats the instances of a host for each address that a policy gives it, with all their weights."""
    return "endpoints", [_each_once(locality) for locality in said]


def _each_once(locality: Plain) -> Plain:
    said = locality.get("lb_endpoints", [])
    once = list({repr(one): one for one in said}.values())
    if len(once) == len(said):
        return locality
    return locality | {"lb_endpoints": once, "load_balancing_weight": sum(one["load_balancing_weight"] for one in once)}


def _text(said: str) -> tuple[str, str]:
    return "inline_string", base64.b64decode(said).decode(errors="replace")


def _conditions(said: str) -> tuple[str, str]:
    return "retry_on", said.strip(",")


RENAMED: dict[str, Callable[[Any], tuple[str, Any]]] = {
    "default_value": _percent,
    "endpoints": _endpoints,
    "inline_bytes": _text,
    "match_typed_subject_alt_names": _subject_names,
    "max_stream_duration": _stream_duration,
    "percentage": lambda said: ("percentage", _percent(said)[1]),
    "retry_on": _conditions,
}
