"""Ports as names have them."""


def port_of(text: str) -> int:
    """0 for what is no number, which a patch may have put there (Go's `strconv.Atoi` knows ASCII digits only)."""
    return int(text) if text.isascii() and text.isdecimal() else 0
