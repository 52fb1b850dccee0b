"""A small real site on loopback that notes every request with its time."""

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Request:
    at: float
    path: str
    host: str
    headers: dict


@dataclass
class Site:
    """What each path answers: a body, or (status, headers, body), or a function of the request."""

    port: int = 0
    pages: dict = field(default_factory=dict)
    log: list = field(default_factory=list)

    @property
    def origin(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def asked(self):
        """The paths that were asked for, in order."""
        return [request.path for request in self.log]

    @property
    def pages_asked(self):
        return [path for path in self.asked if path != "/robots.txt"]


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        site = self.server.site
        seen = Request(time.monotonic(), self.path, self.headers["Host"], dict(self.headers))
        site.log.append(seen)
        found = site.pages.get(
            self.path, site.pages.get(self.path.partition("?")[0], (404, {}, ""))
        )
        found = found(seen) if callable(found) else found
        status, headers, body = found if isinstance(found, tuple) else (200, {}, found)
        body = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        for name, value in {"Content-Type": "text/html", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextmanager
def running_site(**pages):
    """Yield a site whose pages the test fills in."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    server.site = Site(server.server_port, {f"/{path}": body for path, body in pages.items()})
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
