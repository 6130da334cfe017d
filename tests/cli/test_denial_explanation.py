"""Why no rule takes a call: the one condition that is unmet, by its name in the policy, and a remedy that works."""

import re

import pytest

from loopmesh.cli.explain.advice import Advice
from loopmesh.cli.explain.advise import advise
from loopmesh.cli.explain.places import fields_of
from loopmesh.cli.explain.surroundings import Surroundings
from loopmesh.policies import PolicySet
from loopmesh.simulate import Call, Request, Verdict
from tests.cli.test_explanation import PLAINTEXT, allow
from tests.simulate.compiled_mesh import lab
from tests.simulate.test_lab import peers

INSTANCE = re.compile(r"web-v\d-\d")
ME = "cluster.local/ns/lab/sa/client"
OTHER = "cluster.local/ns/lab/sa/stranger"
GET = Request(authority="web:8000", path="/a")
GRPC = Request.grpc("web:8000", "/a.B/C")
WITH_HEADER = Request(authority="web:8000", path="/a", headers={"x-tenant": "acme"})
NOT_ALLOWED = f"AuthorizationPolicy lab/web spec.rules[0] does not allow GET /a for {ME}: "


def source(said: str) -> str:
    return f"{{from: [{{source: {{{said}}}}}]}}"


def operation(said: str) -> str:
    return f"{{to: [{{operation: {{{said}}}}}]}}"


def when(key: str, said: str) -> str:
    return f'{{when: [{{key: "{key}", {said}}}]}}'


def call(rule: str, request: Request = GET) -> Call:
    return lab(allow(rule)).call("client", request)


def advice(made: Call, rules: str = "") -> Advice:
    """The same of every instance, but for its name; with `rules` as the mesh knows them."""
    policies = PolicySet.parse([("web.yaml", allow(rules).encode())], "lab")
    said = {place: policies.said_at(place.policy, place.place) for place in fields_of(made)} if rules else {}
    (only,) = {INSTANCE.sub("web", one.why): one for one in advise(made, {}, Surroundings(said=said))}.values()
    return only


@pytest.mark.parametrize(
    ("rule", "unmet", "remedy", "mended"),
    [
        (
            source(f"principals: [{OTHER}]"),
            f"`from[0].source.principals` asks for {OTHER}, and this is {ME}",
            f"add {ME} to `from[0].source.principals`",
            source(f"principals: [{OTHER}, {ME}]"),
        ),
        (
            source(f"notPrincipals: [{ME}, {OTHER}]"),
            f"`from[0].source.notPrincipals` excludes {ME}, and this is {ME}",
            f"take {ME} out of `from[0].source.notPrincipals`",
            source(f"notPrincipals: [{OTHER}]"),
        ),
        (
            source("namespaces: [risk, 'fr*d']"),
            "`from[0].source.namespaces` asks for risk or fr*d, and this is lab",
            "add lab to `from[0].source.namespaces`",
            source("namespaces: [risk, 'fr*d', lab]"),
        ),
        (
            source("serviceAccounts: [risk/fraud]"),
            "`from[0].source.serviceAccounts` asks for risk/fraud, and this is lab/client",
            "add lab/client to `from[0].source.serviceAccounts`",
            source("serviceAccounts: [risk/fraud, lab/client]"),
        ),
        (
            source("trustDomains: ['other*']"),
            "`from[0].source.trustDomains` asks for other*, and this is cluster.local",
            "add cluster.local to `from[0].source.trustDomains`",
            source("trustDomains: ['other*', cluster.local]"),
        ),
        (
            source("remoteIpBlocks: [10.0.0.0/8]"),
            "`from[0].source.remoteIpBlocks` asks for 10.0.0.0/8, and this is 127.0.0.1",
            "add 127.0.0.1 to `from[0].source.remoteIpBlocks`",
            source("remoteIpBlocks: [10.0.0.0/8, 127.0.0.1]"),
        ),
        (
            source("notIpBlocks: [127.0.0.1]"),
            "`from[0].source.notIpBlocks` excludes 127.0.0.1, and this is 127.0.0.1",
            "take 127.0.0.1 out of `from[0].source.notIpBlocks`",
            source("notIpBlocks: [10.0.0.0/8]"),
        ),
        (
            operation("methods: [DELETE]"),
            "`to[0].operation.methods` asks for DELETE, and this is GET",
            "add GET to `to[0].operation.methods`",
            operation("methods: [DELETE, GET]"),
        ),
        (
            operation("notPaths: [/a, /b]"),
            "`to[0].operation.notPaths` excludes /a, and this is /a",
            "take /a out of `to[0].operation.notPaths`",
            operation("notPaths: [/b]"),
        ),
        (
            operation("paths: ['/x/{*}', '/y/*', '*.html']"),
            "`to[0].operation.paths` asks for /x/{*} or /y/* or *.html, and this is /a",
            "add /a to `to[0].operation.paths`",
            operation("paths: ['/x/{*}', '/y/*', '*.html', /a]"),
        ),
        (
            operation("hosts: [teller.example]"),
            "`to[0].operation.hosts` asks for teller.example, and this is web:8000",
            "add web:8000 to `to[0].operation.hosts`",
            operation("hosts: [teller.example, 'web:8000']"),
        ),
        (
            operation("ports: ['9000']"),
            "`to[0].operation.ports` asks for another, and this is 8000",
            "add 8000 to `to[0].operation.ports`",
            operation("ports: ['9000', '8000']"),
        ),
        (
            when("request.headers[x-tenant]", "notValues: ['*']"),
            "`when[0] request.headers[x-tenant]` excludes *, and this is acme",
            "take * out of `when[0].notValues`",
            when("request.headers[x-tenant]", "notValues: [other]"),
        ),
        (
            when("destination.ip", "values: [10.1.2.3]"),
            "`when[0] destination.ip` asks for 10.1.2.3, and this is 127.0.0.1",
            "add 127.0.0.1 to `when[0].values`",
            when("destination.ip", "values: [10.1.2.3, 127.0.0.0/8]"),
        ),
    ],
)
def test_the_condition_that_is_unmet_is_named_and_the_remedy_changes_the_verdict(
    rule: str, unmet: str, remedy: str, mended: str
) -> None:
    request = WITH_HEADER if "x-tenant" in rule else GET
    assert advice(call(rule, request), rule) == Advice(why=NOT_ALLOWED + unmet, remedy=remedy)
    assert call(rule, request).percent(Verdict.DENIED) == 100
    assert call(mended, request).percent(Verdict.REACHES) == 100


def test_a_header_that_is_missing_is_said_to_be_though_the_caller_and_the_path_are_right() -> None:
    rule = (
        f"{{from: [{{source: {{principals: [{ME}]}}}}], to: [{{operation: {{paths: [/a]}}}}], "
        "when: [{key: 'request.headers[x-tenant]', values: [acme]}]}"
    )
    assert advice(call(rule), rule) == Advice(
        why=f"{NOT_ALLOWED}`when[0] request.headers[x-tenant]` asks for acme, and there is none",
        remedy="send a header `x-tenant: acme`",
    )
    assert call(rule, WITH_HEADER).percent(Verdict.REACHES) == 100


def test_every_condition_of_an_operation_that_is_unmet_is_said_at_once() -> None:
    made = call(operation("methods: [GET], paths: [/a]"), GRPC)
    assert advice(made).remedy == "add POST to `to[0].operation.methods` and add /a.B/C to `to[0].operation.paths`"
    assert call(operation("methods: [GET, POST], paths: [/a, /a.B/C]"), GRPC).percent(Verdict.REACHES) == 100


def test_of_several_alternatives_and_rules_the_one_that_lacks_least_is_named() -> None:
    rules = (
        f"{{from: [{{source: {{principals: [{OTHER}]}}}}, {{source: {{namespaces: [lab], notPrincipals: [{ME}]}}}}], "
        "to: [{operation: {methods: [PUT], paths: [/b]}}, {operation: {paths: [/a]}}]}"
    )
    far = f"{{from: [{{source: {{principals: [{ME}]}}}}], to: [{{operation: {{methods: [PUT], paths: [/b]}}}}]}}"
    told = advice(call(f"{far}, {rules}"))
    assert told.why.startswith("AuthorizationPolicy lab/web spec.rules[1] does not allow GET /a")
    assert told.remedy == f"add {ME} to `from[0].source.principals`"


def test_a_caller_without_an_identity_is_told_to_show_one() -> None:
    mesh = lab(peers("PERMISSIVE"), PLAINTEXT, allow(source(f"principals: [{ME}]")))
    told = advice(mesh.call("client", GET))
    assert told.why.endswith(f"`from[0].source.principals` asks for {ME}, and there is none")
    assert told.remedy == "let the caller use mutual TLS"


def test_a_policy_without_rules_is_said_to_allow_nothing() -> None:
    assert advice(call("")) == Advice(
        why="AuthorizationPolicy lab/web has no rules, and so allows nothing",
        remedy="add a rule that allows it, or delete the policy",
    )


NAMESPACES = "`from[0].source.namespaces`"


@pytest.mark.parametrize(
    ("rule", "field", "remedy"),
    [
        (when("source.namespace", "values: [risk]"), "`when[0] source.namespace`", "add lab to `when[0].values`"),
        (source("namespaces: [risk]"), NAMESPACES, f"add lab to {NAMESPACES}"),
        (
            "{from: [{source: {namespaces: [lab]}}], when: [{key: source.namespace, values: [risk]}]}",
            "`when[0] source.namespace`",
            "add lab to `when[0].values`",
        ),
        (
            "{from: [{source: {namespaces: [risk]}}], when: [{key: source.namespace, values: [lab]}]}",
            NAMESPACES,
            f"add lab to {NAMESPACES}",
        ),
    ],
)
def test_what_a_when_asks_is_told_from_the_same_asked_of_a_source(rule: str, field: str, remedy: str) -> None:
    told = advice(call(rule), rule)
    assert told.why == f"{NOT_ALLOWED}{field} asks for risk, and this is lab"
    assert told.remedy == remedy


def test_each_item_of_a_when_is_told_by_its_number_also_where_several_have_its_key() -> None:
    items = (
        "{key: 'request.headers[X-Tenant]', values: [acme]}",
        "{key: source.ip, values: [10.0.0.0/8]}",
        "{key: 'request.headers[X-Tenant]', notValues: [acme]}",
        "{key: 'request.headers[X-Tenant]', notValues: [other]}",
    )
    rule = f"{{when: [{', '.join(items)}]}}"
    assert advice(call(rule, WITH_HEADER), rule).why == (
        f"{NOT_ALLOWED}`when[1] source.ip` asks for 10.0.0.0/8, and this is 127.0.0.1; "
        "`when[2] request.headers[X-Tenant]` excludes acme, and this is acme"
    )


def test_without_the_policy_an_item_of_a_when_is_told_by_its_key() -> None:
    told = advice(call(when("destination.ip", "values: [10.1.2.3]")))
    assert told.why == f"{NOT_ALLOWED}`when destination.ip` asks for 10.1.2.3, and this is 127.0.0.1"
    assert told.remedy == "add 127.0.0.1 to the `values` of `when destination.ip`"
