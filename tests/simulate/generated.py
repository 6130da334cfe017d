"""Generated configuration and requests from so few words that conditions often hold."""

from envoy.config.rbac.v3 import rbac_pb2
from envoy.config.rbac.v3.rbac_pb2 import Permission, Policy, Principal
from envoy.config.route.v3.route_components_pb2 import (
    DirectResponseAction,
    HeaderMatcher,
    QueryParameterMatcher,
    Route,
    RouteMatch,
    VirtualHost,
)
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.filters.http.rbac.v3.rbac_pb2 import RBAC, RBACPerRoute
from envoy.extensions.path.match.uri_template.v3.uri_template_match_pb2 import UriTemplateMatchConfig
from envoy.type.matcher.v3.path_pb2 import PathMatcher
from envoy.type.matcher.v3.regex_pb2 import RegexMatcher
from envoy.type.matcher.v3.string_pb2 import StringMatcher
from hypothesis import strategies as st

from loopmesh.simulate import Request

RBAC_FILTER = "envoy.filters.http.rbac"
WORDS = ("a", "b", "ab", "A")
HEADERS = ("x-one", "x-two")
DOMAINS = ("shop", "shop:80", "*.shop", "*-b.shop", "a.*", "a.b.*", "*", "a.b.shop")
AUTHORITIES = ("shop", "SHOP", "shop:80", "a.shop", "a-b.shop", "a.b.shop", "a.b.lab", "a.lab", ".shop", "b:80")
SEGMENTS = st.sampled_from(
    ("a", "b", "ab", "A", "a;v=1", "..", ".", "%61", "%2e%2e", "", "..;v", ".;", "%2e;", "b|", "b]", "%00")
)
PATHS = st.lists(SEGMENTS, max_size=3).map(lambda parts: "/" + "/".join(parts))
QUERIES = st.sampled_from(("", "?q=a", "?q=", "?q", "?p=b&q=ab", "?q=b&q=a"))
TEMPLATES = ("/a/*", "/a/**", "/{x}/b", "/*/a/{rest=**}", "/{first=a}", "/**")


def texts() -> st.SearchStrategy[StringMatcher]:
    word, cased = st.sampled_from(WORDS), st.booleans()
    return st.one_of(
        st.builds(lambda value, ignore: StringMatcher(exact=value, ignore_case=ignore), word, cased),
        st.builds(lambda value, ignore: StringMatcher(prefix=value, ignore_case=ignore), word, cased),
        st.builds(lambda value, ignore: StringMatcher(suffix=value, ignore_case=ignore), word, cased),
        st.builds(lambda value, ignore: StringMatcher(contains=value, ignore_case=ignore), word, cased),
        st.sampled_from(("a+", "[[:lower:]]*", "a|b", ".+", "(?i)a")).map(
            lambda regex: StringMatcher(safe_regex=RegexMatcher(regex=regex))
        ),
    )


@st.composite
def headers(draw: st.DrawFn) -> HeaderMatcher:
    matcher = HeaderMatcher(
        name=draw(st.sampled_from((*HEADERS, ":method", ":path"))),
        invert_match=draw(st.booleans()),
        treat_missing_header_as_empty=draw(st.booleans()),
    )
    if draw(st.booleans()):
        matcher.string_match.CopyFrom(draw(texts()))
    else:
        matcher.present_match = draw(st.booleans())
    return matcher


@st.composite
def queries(draw: st.DrawFn) -> QueryParameterMatcher:
    matcher = QueryParameterMatcher(name=draw(st.sampled_from(("q", "p"))))
    if draw(st.booleans()):
        matcher.string_match.CopyFrom(draw(texts()))
    else:
        matcher.present_match = draw(st.booleans())
    return matcher


@st.composite
def matches(draw: st.DrawFn) -> RouteMatch:
    match = RouteMatch(headers=draw(st.lists(headers(), max_size=1)))
    match.query_parameters.extend(draw(st.lists(queries(), max_size=1)))
    kind = draw(st.sampled_from(("prefix", "path", "path_separated_prefix", "safe_regex", "template")))
    bare = draw(st.sampled_from(("/a", "/ab", "/a/b", "/A", "/")))
    if kind == "safe_regex":
        match.safe_regex.regex = draw(st.sampled_from(("/a.*", "/[ab]+", "/.*/b", "/a?")))
    elif kind == "template":
        match.path_match_policy.name = "envoy.path.match.uri_template.uri_template_matcher"
        match.path_match_policy.typed_config.Pack(
            UriTemplateMatchConfig(path_template=draw(st.sampled_from(TEMPLATES)))
        )
    else:
        setattr(match, kind, "/a" if kind == "path_separated_prefix" and bare == "/" else bare)
        match.case_sensitive.value = draw(st.booleans())
    return match


def _template_permission(template: str) -> Permission:
    permission = Permission()
    permission.uri_template.name = "envoy.path.match.uri_template.uri_template_matcher"
    permission.uri_template.typed_config.Pack(UriTemplateMatchConfig(path_template=template))
    return permission


def _permissions() -> st.SearchStrategy[Permission]:
    def wider(inner: st.SearchStrategy[Permission]) -> st.SearchStrategy[Permission]:
        several = st.lists(inner, min_size=1, max_size=3).map(lambda rules: Permission.Set(rules=rules))
        return st.one_of(
            inner.map(lambda rule: Permission(not_rule=rule)),
            several.map(lambda rules: Permission(and_rules=rules)),
            several.map(lambda rules: Permission(or_rules=rules)),
        )

    return st.recursive(
        st.one_of(
            st.just(Permission(any=True)),
            headers().map(lambda header: Permission(header=header)),
            texts().map(lambda text: Permission(url_path=PathMatcher(path=text))),
            st.sampled_from(TEMPLATES).map(_template_permission),
        ),
        wider,
        max_leaves=4,
    )


def _principals() -> st.SearchStrategy[Principal]:
    def wider(inner: st.SearchStrategy[Principal]) -> st.SearchStrategy[Principal]:
        several = st.lists(inner, min_size=1, max_size=3).map(lambda ids: Principal.Set(ids=ids))
        return st.one_of(
            inner.map(lambda one: Principal(not_id=one)),
            several.map(lambda ids: Principal(and_ids=ids)),
            several.map(lambda ids: Principal(or_ids=ids)),
        )

    simple = st.one_of(
        st.just(Principal(any=True)),
        st.just(Principal(authenticated=Principal.Authenticated())),
        headers().map(lambda header: Principal(header=header)),
        texts().map(lambda text: Principal(url_path=PathMatcher(path=text))),
    )
    return st.recursive(simple, wider, max_leaves=4)


@st.composite
def rules(draw: st.DrawFn) -> RBAC:
    action = draw(st.sampled_from((rbac_pb2.RBAC.ALLOW, rbac_pb2.RBAC.DENY)))
    made = rbac_pb2.RBAC(action=action)
    for number in range(draw(st.integers(0, 2))):
        permissions, principals = draw(_permissions()), draw(_principals())
        made.policies[str(number)].CopyFrom(Policy(permissions=[permissions], principals=[principals]))
    return RBAC(rules=made)


@st.composite
def tables(draw: st.DrawFn) -> RouteConfiguration:
    """Each route answers with its own name."""
    table = RouteConfiguration(
        name="generated",
        ignore_port_in_host_matching=draw(st.booleans()),
        ignore_path_parameters_in_path_matching=draw(st.booleans()),
    )
    for domain in draw(st.lists(st.sampled_from(DOMAINS), min_size=3, unique=True)):
        host = VirtualHost(name=domain, domains=[domain])
        everything = RouteMatch(prefix="/")
        for number, match in enumerate([*draw(st.lists(matches(), max_size=5)), everything]):
            route = Route(match=match, direct_response=DirectResponseAction(status=200))
            route.direct_response.body.inline_string = route.name = f"{domain} {number}"
            if draw(st.booleans()):
                route.typed_per_filter_config[RBAC_FILTER].Pack(RBACPerRoute(rbac=draw(rules())))
            host.routes.append(route)
        table.virtual_hosts.append(host)
    return table


@st.composite
def requests(draw: st.DrawFn) -> Request:
    return Request(
        authority=draw(st.sampled_from(AUTHORITIES)),
        path=draw(PATHS) + draw(QUERIES),
        method=draw(st.sampled_from(("GET", "PUT"))),
        headers=draw(st.dictionaries(st.sampled_from(HEADERS), st.sampled_from((*WORDS, "")), max_size=2)),
    )
