"""Text of others, as a line of a terminal shows it."""


def printable(text: str) -> str:
    """What would move the cursor, end the line, or show nothing is written as in a string of Python: `\\x1b`."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
