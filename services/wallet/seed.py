"""The customers the shop opens with, and what is in their wallets."""

from datetime import UTC, datetime

CURRENCY = "EUR"
OPENED = datetime(2026, 1, 1, tzinfo=UTC)
"""When they paid it in."""
CUSTOMERS = {"ada": 500_000, "grace": 250_000, "linus": 90_000, "margaret": 1_200_000, "alan": 1_000}
"""Minor units by customer id."""
