"""What a word without quotes is to Helm and to Kubernetes' API server where Python's YAML takes it for text.

Source of the rule: `resolve` of Go's YAML reader, version 2, through which both read.
"""

import math
import re

TRUTHS = {"y": True, "Y": True, "n": False, "N": False}
WRITTEN_TRUTHS = re.compile(r"y|yes|n|no|true|false|on|off", re.IGNORECASE)
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
OCTAL = re.compile(r"[-+]?0[oO][0-7]+")


def read_plain(text: str) -> str | int | float | bool:
    """`1e3` is a number, and so are `09` and `0o17`; `y` is true. A number beyond a double stays text."""
    if text in TRUTHS:
        return TRUTHS[text]
    if OCTAL.fullmatch(text):
        return int(text, 8)
    if FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text


def is_truth(text: str) -> bool:
    """Whether the word is `true` or `false` there, and as a key becomes one of the two."""
    return WRITTEN_TRUTHS.fullmatch(text) is not None and text in (text.lower(), text.upper(), text.capitalize())
