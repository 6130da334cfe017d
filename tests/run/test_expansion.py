"""`$(NAME)` means the same here as in a container's variables on Kubernetes."""

import pytest

from loopmesh.run.expansion import expand, expand_variables

KNOWN = {"HOST": "127.0.0.1:4222", "EMPTY": ""}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nats://$(HOST)", "nats://127.0.0.1:4222"),
        ("$(HOST)$(HOST)", "127.0.0.1:4222127.0.0.1:4222"),
        ("[$(EMPTY)]", "[]"),
        ("$(NOBODY)", "$(NOBODY)"),
        ("$$(HOST)", "$(HOST)"),
        ("$$$(HOST)", "$127.0.0.1:4222"),
        ("5$ and $HOST and ${HOST}", "5$ and $HOST and ${HOST}"),
        ("$(HOST", "$(HOST"),
        ("$(HOST$(HOST)", "$(HOST$(HOST)"),
        ("$(HOST $$(HOST)", "$(HOST $$(HOST)"),
    ],
)
def test_references(text: str, expected: str) -> None:
    assert expand(text, KNOWN) == expected


def test_a_variable_may_name_those_before_it_in_the_order_of_their_names() -> None:
    values = {"B": "$(A)b", "A": "a", "C": "$(B)c", "AA": "$(B)"}
    assert expand_variables(values, {}) == {"A": "a", "AA": "$(B)", "B": "ab", "C": "abc"}


def test_the_values_file_hides_what_the_mesh_says_under_the_same_name() -> None:
    assert expand_variables({"A": "mine", "B": "$(A)"}, {"A": "mesh"})["B"] == "mine"
