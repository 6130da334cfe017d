"""VirtualServices and DestinationRules from so few words that rules are often met, and calls that meet them."""

import json
from typing import Any

from hypothesis import strategies as st

from tests.parity.case import Call, Expectation

VERSIONS = ("v1", "v2", "v3")
PATHS = ("/", "/a", "/a/b", "/A/b", "/b")
TEXT_FORMS = ("exact", "prefix", "regex")
WORDS = {"exact": ("x", "y"), "prefix": ("x", ""), "regex": ("x.*", "[xy]", ".*z")}
URIS = {"exact": PATHS, "prefix": PATHS, "regex": ("/a.*", "/[ab]", ".*b")}
MODES = ("ISTIO_MUTUAL", "DISABLE")
BALANCERS = ("ROUND_ROBIN", "RANDOM", "LEAST_REQUEST")


@st.composite
def policies(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A rule with subsets for `server`, and one or two VirtualServices; of two for one host the older counts."""
    services = draw(st.lists(_virtual_service(), min_size=1, max_size=2))
    named = [{**one, "metadata": {"name": f"random-{place}", "namespace": "lab"}} for place, one in enumerate(services)]
    return [draw(_destination_rule()), *named]


@st.composite
def _destination_rule(draw: st.DrawFn) -> dict[str, Any]:
    subsets = [
        {"name": version, "labels": {"version": version}}
        | draw(st.sampled_from(({}, {"trafficPolicy": draw(_policy())})))
        for version in VERSIONS
    ]
    spec = {"host": "server", "subsets": subsets, "trafficPolicy": draw(_policy())}
    return _document("DestinationRule", spec) | {"metadata": {"name": "random", "namespace": "lab"}}


@st.composite
def _policy(draw: st.DrawFn) -> dict[str, Any]:
    parts = {
        "tls": {"mode": draw(st.sampled_from(MODES))},
        "loadBalancer": {"simple": draw(st.sampled_from(BALANCERS))},
        "connectionPool": {"http": {"maxRetries": draw(st.integers(1, 5))}, "tcp": {"connectTimeout": "3s"}},
        "outlierDetection": {"consecutive5xxErrors": draw(st.integers(50, 60)), "minHealthPercent": 10},
    }
    chosen = draw(st.lists(st.sampled_from(sorted(parts)), unique=True, max_size=3))
    return {name: parts[name] for name in chosen}


@st.composite
def _virtual_service(draw: st.DrawFn) -> dict[str, Any]:
    hosts = draw(st.sampled_from((["server"], ["server.lab.svc.cluster.local"], ["*.lab.svc.cluster.local"])))
    routes = draw(st.lists(_route(), max_size=3))
    return _document("VirtualService", {"hosts": hosts, "http": [*routes, draw(_last_route())]})


@st.composite
def _route(draw: st.DrawFn) -> dict[str, Any]:
    return {"match": draw(st.lists(_match(), min_size=1, max_size=2)), **draw(_what_happens())}


@st.composite
def _last_route(draw: st.DrawFn) -> dict[str, Any]:
    return draw(_what_happens())


@st.composite
def _match(draw: st.DrawFn) -> dict[str, Any]:
    parts: dict[str, Any] = {
        "uri": draw(_text(URIS)),
        "method": draw(_text({"exact": ("GET", "POST"), "prefix": ("P",), "regex": ("G.T",)})),
        "headers": {"x-word": draw(_text(WORDS))},
        "withoutHeaders": {"x-word": draw(_text(WORDS))},
        "queryParams": {"q": draw(_text({"exact": ("x",), "prefix": ("x",), "regex": ("[xy]",)}))},
        "sourceLabels": {"app": draw(st.sampled_from(("client", "visitor")))},
        "port": draw(st.sampled_from((8000, 9999))),
    }
    chosen = draw(st.lists(st.sampled_from(sorted(parts)), unique=True, min_size=1, max_size=2))
    ignoring = {"ignoreUriCase": True} if "uri" in chosen and draw(st.booleans()) else {}
    return {name: parts[name] for name in chosen} | ignoring


def _text(values: dict[str, tuple[str, ...]]) -> st.SearchStrategy[dict[str, str]]:
    return st.one_of(
        *(st.sampled_from([{form: value} for value in several if value]) for form, several in values.items())
    )


@st.composite
def _what_happens(draw: st.DrawFn) -> dict[str, Any]:
    """What can be told from outside without counting: one destination, or an answer."""
    kind = draw(st.sampled_from(("route", "route", "route", "directResponse", "redirect")))
    if kind == "directResponse":
        return {"directResponse": {"status": draw(st.integers(400, 599)), "body": {"string": "said"}}}
    if kind == "redirect":
        return {"redirect": {"uri": draw(st.sampled_from(PATHS)), "authority": "other"}}
    more = {
        "rewrite": {"uri": draw(st.sampled_from(PATHS))},
        "headers": {"request": {"set": {"x-set": draw(st.sampled_from(("1", "2")))}}},
        "timeout": "5s",
        "retries": {"attempts": draw(st.integers(0, 3))},
        "fault": {"abort": {"httpStatus": 418, "percentage": {"value": draw(st.sampled_from((0, 100)))}}},
    }
    chosen = draw(st.lists(st.sampled_from(sorted(more)), unique=True, max_size=2))
    destination = {"destination": {"host": "server", "subset": draw(st.sampled_from(VERSIONS))}}
    return {"route": [destination], **{name: more[name] for name in chosen}}


def _document(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "networking.istio.io/v1", "kind": kind, "spec": spec}


def _call(call: str, sender: str = "client", **headers: str) -> Call:
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    return Call(call=call, sender=sender, headers=said, expect=Expectation(status=200))


CALLS = (
    _call("GET http://server:8000/"),
    _call("GET http://server:8000/a", x_word="x"),
    _call("POST http://server.lab:8000/a/b?q=x", x_word="y"),
    _call("GET http://server.lab:8000/b?q=y&q=x", "visitor", x_word="xz"),
    _call("PUT http://server:8000/A/b"),
)


def as_yaml(documents: list[dict[str, Any]]) -> str:
    """JSON is YAML."""
    return "\n---\n".join(map(json.dumps, documents))
