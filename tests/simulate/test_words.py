"""Conditions are told in the words of policies, not of Envoy."""

from envoy.type.matcher.v3.metadata_pb2 import MetadataMatcher

from loopmesh.compile.noted import claim_text, claim_values
from loopmesh.compile.text_pattern import text_matcher
from loopmesh.simulate.words import metadata_words


def test_conditions_on_claims_are_told_as_such() -> None:
    assert metadata_words(claim_values(["groups", "first"], ["a"])) == "claim groups.first of the token is a"
    assert metadata_words(claim_values(["groups"], ["a", "b*"])) == "claim groups of the token is a or starts with b"
    assert metadata_words(claim_text("sub", text_matcher("alice"))) == "claim sub of the token is alice"


def test_what_no_claim_is_keeps_its_filter_and_a_denied_condition_says_so() -> None:
    other = MetadataMatcher(filter="mine", path=[MetadataMatcher.PathSegment(key="team")], invert=True)
    other.value.present_match = True
    assert metadata_words(other) == "not (mine team is there)"
