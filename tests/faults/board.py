"""A board that answers by a script, one answer a call, and notes when each call came."""

import json
import socket
import struct
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

RESET = struct.pack("ii", 1, 0)  # a close that discards: the client meets RST


@dataclass
class Answer:
    """How one creating call is answered; `accept` says whether the posting comes to be."""

    status: int = 201
    accept: bool = True
    headers: dict[str, str] = field(default_factory=dict)
    reset: bool = False


@dataclass
class Call:
    """One call as it came in."""

    at: float
    method: str
    path: str
    reference: str = ""


class Board:
    """A generic REST board that heeds no Idempotency-Key: a second create is a second posting."""

    def __init__(self) -> None:
        self.script: list[Answer] = []
        self.calls: list[Call] = []
        self.posts: dict[str, list[str]] = defaultdict(list)
        self.lock = threading.Lock()
        board = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                board.create(self, json.loads(self.rfile.read(length)))

            def do_GET(self) -> None:
                board.look(self)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def ledger(self) -> list[dict[str, Any]]:
        """Return what was made, as the practice boards' ledger tells it."""
        with self.lock:
            made = [(name, post) for name, posts in self.posts.items() for post in posts]
        return [{"board": "scripted", "op": "create", "external_id": name} for name, _ in made]

    def live(self) -> list[dict[str, Any]]:
        """Return what is shown."""
        return [{"external_id": entry["external_id"]} for entry in self.ledger()]

    @property
    def creates(self) -> list[Call]:
        return [call for call in self.calls if call.method == "POST"]

    def create(self, line: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        reference = body["externalReference"]
        with self.lock:
            self.calls.append(Call(time.time(), "POST", line.path, reference))
            answer = self.script.pop(0) if self.script else Answer()
            post_id = f"post-{len(self.calls)}"
            if answer.accept:
                self.posts[reference].append(post_id)
        if answer.reset:
            line.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            line.connection.close()
            line.close_connection = True
            return
        good = answer.status < 400
        said = {"id": post_id, "url": f"{self.url}/{post_id}", "status": "live"}
        reply(line, answer.status, said if good else {"error": "no"}, answer.headers)

    def look(self, line: BaseHTTPRequestHandler) -> None:
        """Answer `GET /api/employer/jobs?reference=` and `/api/employer/jobs/{id}`."""
        asked = urlsplit(line.path)
        with self.lock:
            self.calls.append(Call(time.time(), "GET", line.path))
            reference = parse_qs(asked.query).get("reference", [""])[0]
            found = self.posts.get(reference, [])
            if not asked.query:
                found = [i for ids in self.posts.values() for i in ids if asked.path.endswith(i)]
        rows = [{"id": i, "url": f"{self.url}/{i}", "status": "live"} for i in found]
        if asked.query:
            reply(line, 200, {"jobs": rows})
        else:
            reply(line, 200 if rows else 404, rows[0] if rows else {"error": "gone"})

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def reply(
    line: BaseHTTPRequestHandler,
    status: int,
    body: dict[str, Any],
    headers: dict[str, str] | None = None,
) -> None:
    """Send one whole answer."""
    data = json.dumps(body).encode()
    line.send_response(status)
    for name, value in (headers or {}).items():
        line.send_header(name, value)
    line.send_header("Content-Type", "application/json")
    line.send_header("Content-Length", str(len(data)))
    line.end_headers()
    line.wfile.write(data)
