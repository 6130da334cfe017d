"""Authorization policies from so few words that rules are often met, and calls that meet them."""

import json
from typing import Any

from hypothesis import strategies as st

from tests.parity.case import Call, Expectation
from tests.tokens import Issuer

ISSUER = Issuer("https://issuer.example")
PRINCIPALS = ("*", "*/sa/client", "cluster.local/ns/lab/*", "cluster.local/ns/guests/sa/visitor", "*/sa/nobody")
NAMESPACES = ("lab", "guests", "*s", "l*b", "nowhere")
ACCOUNTS = ("client", "guests/visitor", "lab/client", "nobody")
DOMAINS = ("cluster.local", "*", "*.local", "other")
ADDRESSES = ("127.0.0.0/8", "127.0.0.1", "10.0.0.0/8")
CLIENTS = ("192.0.2.0/24", "192.0.2.7", "127.0.0.1", "198.51.100.1")
TOKENS = ("*", "https://issuer.example/ada", "*/bob", "https://issuer.example/*", "other/ada")
METHODS = ("GET", "POST", "P*", "*T", "*")
PATHS = ("/a", "/a*", "*b", "/", "*", "/a/{*}", "/{*}/b", "/{**}", "/a/{**}")
HOSTS = ("server:8000", "SERVER.lab:8000", "server*", "*:8000", "*", "other")
PORTS = ("8000", "9000")
WORDS = ("x", "y*", "*z", "*")
SOURCES = {
    "principals": PRINCIPALS,
    "requestPrincipals": TOKENS,
    "namespaces": NAMESPACES,
    "trustDomains": DOMAINS,
    "ipBlocks": ADDRESSES,
    "remoteIpBlocks": CLIENTS,
}
OPERATIONS = {"methods": METHODS, "paths": PATHS, "hosts": HOSTS, "ports": PORTS}
CONDITIONS = {
    "request.headers[x-word]": WORDS,
    "request.auth.claims[group]": WORDS,
    "request.auth.claims[realm][roles]": WORDS,
    "request.auth.principal": TOKENS,
    "source.ip": ADDRESSES,
    "remote.ip": CLIENTS,
    "source.namespace": NAMESPACES,
    "source.principal": PRINCIPALS,
    "source.serviceAccount": ACCOUNTS,
    "destination.port": PORTS,
}


def policies() -> st.SearchStrategy[list[dict[str, Any]]]:
    """A few policies about `server`, with all its tokens' claims known."""
    return st.lists(_policy(), min_size=1, max_size=3).map(
        lambda several: [
            _tokens(),
            *({**one, "metadata": one["metadata"] | _name(place)} for place, one in enumerate(several)),
        ]
    )


def _name(place: int) -> dict[str, str]:
    return {"name": f"random-{place}", "namespace": "lab"}


def _tokens() -> dict[str, Any]:
    rule = {"issuer": ISSUER.name, "jwks": ISSUER.key_set}
    return _document("RequestAuthentication", {"jwtRules": [rule]}) | {"metadata": _name(0)}


def _document(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    selected = {"selector": {"matchLabels": {"app": "server"}}, **spec}
    return {"apiVersion": "security.istio.io/v1", "kind": kind, "spec": selected}


@st.composite
def _policy(draw: st.DrawFn) -> dict[str, Any]:
    action = draw(st.sampled_from(("ALLOW", "ALLOW", "DENY", "AUDIT")))
    rules = draw(st.lists(_rule(), min_size=0 if action == "ALLOW" else 1, max_size=2))
    said = _document("AuthorizationPolicy", {"action": action, "rules": rules} if rules else {"action": action})
    dry_run = {"annotations": {"istio.io/dry-run": "true"}}
    return said | {"metadata": dry_run if action != "AUDIT" and draw(st.integers(0, 3)) == 3 else {}}


@st.composite
def _rule(draw: st.DrawFn) -> dict[str, Any]:
    rule: dict[str, Any] = {}
    sources = draw(st.lists(st.one_of(_parts(SOURCES), _parts({"serviceAccounts": ACCOUNTS})), max_size=2))
    operations = draw(st.lists(_parts(OPERATIONS), max_size=2))
    conditions = draw(st.lists(_condition(), max_size=1))
    rule |= {"from": [{"source": one} for one in sources]} if sources else {}
    rule |= {"to": [{"operation": one} for one in operations]} if operations else {}
    return rule | ({"when": conditions} if conditions else {})


@st.composite
def _parts(draw: st.DrawFn, fields: dict[str, tuple[str, ...]]) -> dict[str, list[str]]:
    """One or two fields, each as it is or in its not-form."""
    names = draw(st.lists(st.sampled_from(sorted(fields)), min_size=1, max_size=2, unique=True))
    return {
        draw(st.sampled_from((name, f"not{name[0].upper()}{name[1:]}"))): draw(_some(fields[name])) for name in names
    }


@st.composite
def _condition(draw: st.DrawFn) -> dict[str, Any]:
    key = draw(st.sampled_from(sorted(CONDITIONS)))
    return {"key": key, draw(st.sampled_from(("values", "notValues"))): draw(_some(CONDITIONS[key]))}


def _some(values: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True)


def _call(call: str, sender: str = "client", **headers: str) -> Call:
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    return Call(call=call, sender=sender, headers=said, expect=Expectation(status=200))


def _bearer(subject: str, **claims: Any) -> str:
    return f"Bearer {ISSUER.token(subject, **claims)}"


CALLS = (
    _call("GET http://server:8000/a"),
    _call("POST http://server:8000/a/b", x_word="x", x_forwarded_for="192.0.2.7"),
    _call("GET http://server:8000/", authorization=_bearer("ada", group=["x", "w"]), x_word="yes"),
    _call("PUT http://server.lab:8000/a/b/c", "visitor", authorization=_bearer("bob", realm={"roles": "fizz"})),
    _call("GET http://server.lab:8000/b", "visitor", x_word="", x_forwarded_for="198.51.100.1"),
)


def as_yaml(documents: list[dict[str, Any]]) -> str:
    """JSON is YAML."""
    return "\n---\n".join(map(json.dumps, documents))
