"""Every flag Envoy has is said in words."""

from envoy.config.accesslog.v3.accesslog_pb2 import ResponseFlagFilter
from validate import validate_pb2

from loopmesh.observe.response_flags import FLAGS, flags_of, words_of


def test_the_table_has_exactly_the_flags_of_envoys_api() -> None:
    field = ResponseFlagFilter.DESCRIPTOR.fields_by_name["flags"]
    rules = field.GetOptions().Extensions[validate_pb2.rules]
    assert set(FLAGS) == set(getattr(rules.repeated.items.string, "in"))


def test_several_flags_are_said_one_after_the_other_and_an_unknown_one_stays() -> None:
    assert flags_of("-") == ()
    assert words_of("UF,XX") == "no connection to the instance could be opened; XX"
