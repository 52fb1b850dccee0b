"""A real forwarding proxy on loopback that notes what it is asked for."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class Forwarding(BaseHTTPRequestHandler):
    """Fetch from loopback what is asked for, whatever its name; no tunnel is ever given."""

    def do_GET(self):
        self.server.asked.append(self.path)
        target = urlsplit(self.path)
        there = HTTPConnection("127.0.0.1", target.port, timeout=5)
        there.request("GET", target.path or "/", headers=dict(self.headers))
        answer = there.getresponse()
        body = answer.read()
        there.close()
        self.send_response(answer.status)
        for name in ("Location", "Retry-After", "Set-Cookie", "Content-Type"):
            if name in answer.headers:
                self.send_header(name, answer.headers[name])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_CONNECT(self):
        self.server.asked.append(self.path)
        self.send_error(403)

    def log_message(self, *_):
        pass


@contextmanager
def forwarding_proxy() -> Iterator[ThreadingHTTPServer]:
    """Yield a proxy: its `address`, and all it was `asked` for."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Forwarding)
    server.asked = []
    server.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
