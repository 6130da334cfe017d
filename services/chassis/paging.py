"""Page sizes and tokens of list methods (AIP-158)."""

import base64

DEFAULT_SIZE = 50


class PageTokenError(Exception):
    """No page begins there."""

    def __init__(self, token: str) -> None:
        super().__init__(f"page_token {token!r} is not one this method has given")
        self.token = token


def page_size(asked: int) -> int:
    return asked or DEFAULT_SIZE


def encode_token(position: str) -> str:
    return base64.urlsafe_b64encode(position.encode()).decode()


def decode_token(token: str) -> str:
    """The position a token stands for, "" for the first page. Raises PageTokenError."""
    try:
        position = base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except ValueError as error:
        raise PageTokenError(token) from error
    # No position has control characters, and some databases refuse them.
    if position and not position.isprintable():
        raise PageTokenError(token)
    return position
