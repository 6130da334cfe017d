"""Pages on a loopback port that a test can change, for what is fetched over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.serving import Handler, serving


@dataclass
class Pages:
    """Content by path; a path without one is answered with 503. `asked` are the paths requested, in order."""

    url: str = ""
    content: dict[str, str] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


@contextmanager
def published(content: dict[str, str] | None = None) -> Iterator[Pages]:
    pages = Pages(content=dict(content or {}))

    class Publisher(Handler):
        def do_GET(self) -> None:
            pages.asked.append(self.path)
            body = pages.content.get(self.path, "").encode()
            if target := pages.redirects.get(self.path):
                self.reply(body, 302, {"location": target})
            else:
                self.reply(body, 200 if body else 503)

    with serving(Publisher) as port:
        pages.url = f"http://127.0.0.1:{port}"
        yield pages
