"""Every case on both control planes: what it expects is stated once and seen from outside."""

import pytest

from tests.parity.case import Case, all_cases
from tests.parity.laboratory import Laboratory


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.name)
def test_case(laboratory: Laboratory, case: Case) -> None:
    if found := laboratory.run(case):
        pytest.fail("\n".join([case.about, *found]), pytrace=False)
