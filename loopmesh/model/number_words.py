"""Numbers with what they count, as people read them."""

import re

ENDS_IN_Y = re.compile("(?<![aeiou])y$")


def numbered(number: int, noun: str) -> str:
    """`1 policy`, `2 policies`, `0 files`."""
    if number == 1:
        return f"1 {noun}"
    return f"{number} {ENDS_IN_Y.sub('ie', noun)}s"
