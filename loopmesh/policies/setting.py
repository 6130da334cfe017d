"""A number or a truth among variables as the chart writes it, so that a program is told the same on both sides.

Helm reads every number as a double. The chart writes it in digits, without a power of ten.
"""

from decimal import Decimal

MOST = 2**53 - 1
"""Beyond it a double leaves out whole numbers."""
LEAST = 1e-6
"""Below it JSON, and so the chart, writes a power of ten."""


def write_setting(value: float | bool) -> str | None:
    """None for a number that would not be there as it is written."""
    if isinstance(value, bool):
        return str(value).lower()
    if not (value == 0 or LEAST <= abs(value) <= MOST):
        return None
    return f"{value:.0f}" if value == int(value) else f"{Decimal(repr(value)):f}"
