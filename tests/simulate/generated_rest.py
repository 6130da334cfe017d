"""Generated contracts with rules of REST, the filter that translates by them, and requests that often fit."""

from collections.abc import Iterable

from envoy.config.route.v3.route_components_pb2 import DirectResponseAction, Route, RouteMatch, VirtualHost
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.filters.http.grpc_json_transcoder.v3.transcoder_pb2 import GrpcJsonTranscoder
from google.api import annotations_pb2, http_pb2
from google.api.http_pb2 import HttpRule
from google.protobuf import descriptor_pb2
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    ServiceDescriptorProto,
)
from hypothesis import strategies as st

from loopmesh.simulate import Request

SERVICE = "lab.Books"
MOST_METHODS = 5
VERBS = ("get", "put", "post", "delete")
SEGMENTS = ("a", "b", "*", "{name}", "{name=a/*}", "{name=a/**}", "{name=**}", "**")
CUSTOM_VERBS = ("", "", ":cancel", ":undo")
PARTS = st.sampled_from(("a", "b", "c", "a:cancel", "a:other", "cancel", "%61", ""))
QUERIES = st.sampled_from(("", "", "?name=x", "?unknown=1", "?unknown", "?inner.name=1", "?name.x=1", "?innerPart=1"))


@st.composite
def templates(draw: st.DrawFn) -> str:
    """Nothing but literals comes after `**`, and a name stands there once."""
    segments: list[str] = []
    for segment in draw(st.lists(st.sampled_from(SEGMENTS), min_size=1, max_size=3)):
        before = "/".join(segments)
        if ("**" not in before or segment in ("a", "b")) and not ("{" in before and "{" in segment):
            segments.append(segment)
    return "/" + "/".join(segments) + draw(st.sampled_from(CUSTOM_VERBS))


@st.composite
def rules(draw: st.DrawFn) -> HttpRule:
    if draw(st.integers(0, 5)) == 0:
        kind = draw(st.sampled_from(("*", "OPTIONS")))
        return HttpRule(custom=http_pb2.CustomHttpPattern(kind=kind, path=draw(templates())))
    rule = HttpRule(**{draw(st.sampled_from(VERBS)): draw(templates())})
    if draw(st.integers(0, 3)) == 0:
        rule.additional_bindings.add(get=draw(templates()))
    return rule


def contract(made: Iterable[HttpRule | None]) -> FileDescriptorSet:
    """A service with one method for each rule; None is a method without one."""
    text, inner = FieldDescriptorProto.TYPE_STRING, FieldDescriptorProto.TYPE_MESSAGE
    optional = FieldDescriptorProto.LABEL_OPTIONAL
    message = DescriptorProto(name="Book")
    message.field.add(name="name", number=1, type=text, label=optional, json_name="name")
    message.field.add(name="inner_part", number=2, type=text, label=optional, json_name="innerPart")
    message.field.add(name="inner", number=3, type=inner, type_name=".lab.Book", label=optional, json_name="inner")
    service = ServiceDescriptorProto(name="Books")
    for number, rule in enumerate(made):
        method = service.method.add(name=f"M{number}", input_type=".lab.Book", output_type=".lab.Book")
        if rule is not None:
            method.options.Extensions[annotations_pb2.http].CopyFrom(rule)
    files = FileDescriptorSet()
    for known in (descriptor_pb2.DESCRIPTOR, http_pb2.DESCRIPTOR, annotations_pb2.DESCRIPTOR):
        known.CopyToProto(files.file.add())
    files.file.add().CopyFrom(
        FileDescriptorProto(
            name="books.proto",
            package="lab",
            syntax="proto3",
            dependency=[annotations_pb2.DESCRIPTOR.name],
            message_type=[message],
            service=[service],
        )
    )
    return files


@st.composite
def transcoders(draw: st.DrawFn) -> GrpcJsonTranscoder:
    made = draw(st.lists(st.one_of(rules(), rules(), rules(), st.none()), min_size=1, max_size=MOST_METHODS))
    transcoder = GrpcJsonTranscoder(
        services=[SERVICE],
        proto_descriptor_bin=contract(made).SerializeToString(),
        auto_mapping=draw(st.booleans()),
        match_unregistered_custom_verb=draw(st.booleans()),
        match_incoming_request_route=draw(st.integers(0, 4)) == 0,
        ignore_unknown_query_parameters=draw(st.integers(0, 4)) == 0,
        ignored_query_parameters=draw(st.sampled_from(((), ("unknown",)))),
    )
    transcoder.request_validation_options.reject_unknown_method = draw(st.booleans())
    transcoder.request_validation_options.reject_unknown_query_parameters = draw(st.booleans())
    return transcoder


def answering_table() -> RouteConfiguration:
    """Each method answers with its own name, everything else with `unchanged`."""
    names = [f"M{number}" for number in range(MOST_METHODS)]
    matches = [(name, RouteMatch(path=f"/{SERVICE}/{name}")) for name in names]
    host = VirtualHost(name="all", domains=["*"])
    for name, match in (*matches, ("unchanged", RouteMatch(prefix="/"))):
        route = Route(name=name, match=match, direct_response=DirectResponseAction(status=200))
        route.direct_response.body.inline_string = name
        host.routes.append(route)
    return RouteConfiguration(name="generated", virtual_hosts=[host])


@st.composite
def rest_requests(draw: st.DrawFn) -> Request:
    bare = "/".join(draw(st.lists(PARTS, max_size=4)))
    verb = draw(st.sampled_from(("GET", "PUT", "POST", "DELETE", "OPTIONS")))
    path = draw(st.sampled_from((f"/{bare}", f"/{bare}", f"/{bare}", f"/{SERVICE}/M0")))
    return Request(authority="shop", path=path + draw(QUERIES), method=verb)
