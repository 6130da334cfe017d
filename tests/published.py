"""Pages on a loopback port that a test can change, for what is fetched over HTTP."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


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

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            pages.asked.append(self.path)
            body = pages.content.get(self.path, "").encode()
            target = pages.redirects.get(self.path)
            self.send_response(302 if target else 200 if body else 503)
            if target:
                self.send_header("location", target)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    pages.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield pages
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
