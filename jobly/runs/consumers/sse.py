"""Server-sent events: one stream a response, resumed by `Last-Event-ID`."""

import asyncio
import contextlib
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import orjson
from django.db import Error

from jobly.errors import JoblyError, TooMany, Unavailable
from jobly.runs.reports import Window
from jobly.runs.rules.streams import read_position
from jobly.users.rules import Principal

from .callers import Caller, caller_of, may_follow, own_stream
from .feeds import Feed, Follower, Told, feeds
from .rows import desk
from .seats import RETRY, seat

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
BATCH = 64  # events a write
MOST_BYTES = 256 << 10  # then the response ends: the server's buffer stays bounded
MOST_SECONDS = 15 * 60.0
HEARTBEAT_SECONDS = 15.0
RETRY_MS = 1000
RESTART_MS = 5000  # at most, drawn for each client: they shall not all come back at once
LAST_WORDS_SECONDS = 0.2  # for the transport to send them
RETRIED = {TooMany.status, Unavailable.status}


class Refused(JoblyError):
    """No stream for this request; status and code say why."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.answer = (status, code)


async def stream_events(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
    """Answer `GET /events/stream?stream=` until the client leaves or a bound is reached."""
    caller = caller_of(scope)
    if scope["method"] == "OPTIONS":
        await _answer(send, _headers(caller, "text/plain"), 204, b"")
        return
    try:
        await _serve(scope, caller, receive, send)
    except Refused as wrong:
        await _refuse(send, caller, *wrong.answer, wrong.message)
    except TooMany as wrong:
        await _refuse(send, caller, wrong.status, wrong.code, wrong.message)
    except Error:
        await _refuse(send, caller, 503, Unavailable.code, "The database is away; try again.")


async def _serve(scope: Mapping[str, Any], caller: Caller, receive: Receive, send: Send) -> None:
    """Answer a request that may be answered. Raises before the answer has begun."""
    if caller.origin and not caller.comes_from_us:
        raise Refused(403, "foreign_origin", "This origin may not read live streams.")
    principal = await desk.who_is(caller)
    stream, after = _asked(scope, principal)
    with seat(principal, caller):
        feed = await feeds.feed(stream)
        place = await feed.start() if after is None else after
        response = Response(caller, feed, place, send)
        await response.begin(greet=after is None)
        await _until_either(response.live(), _until_gone(receive))


async def _until_either(*endings: Any) -> None:
    tasks = [asyncio.ensure_future(ending) for ending in endings]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


def _asked(scope: Mapping[str, Any], principal: Principal) -> tuple[str, int | None]:
    """Read which stream is asked for, and the number to go on behind. Raises: Refused."""
    own = own_stream(principal)
    if own is None:
        raise Refused(401, "not_authenticated", "Sign in, or send a key with the scope runs.")
    query = parse_qs(scope["query_string"].decode("latin-1"))
    stream = query.get("stream", [own])[0]
    if not may_follow(principal, stream):
        raise Refused(404, "not_found", "There is no such stream.")
    header = dict(scope["headers"]).get(b"last-event-id", b"").decode("latin-1")
    text = header or query.get("last_event_id", [""])[0]
    after = read_position(text)
    if text and after is None:
        raise Refused(400, "bad_position", "The position must be a number of an event.")
    return stream, after


async def nothing_here(scope: Mapping[str, Any], _: Receive, send: Send) -> None:
    """Answer the live server's health, and 404 to all that is the web server's."""
    caller = caller_of(scope)
    if scope["path"] in {"/health", "/healthz"}:
        await _answer(send, _headers(caller, "application/json"), 200, b'{"status": "ok"}')
    else:
        await _refuse(send, caller, 404, "not_found", "Only live streams here.")


class Response(Follower):
    """A follower by server-sent events: it has room until its response is long enough."""

    beat_seconds = HEARTBEAT_SECONDS

    def __init__(self, caller: Caller, feed: Feed, after: int, send: Send) -> None:
        super().__init__(caller, feed, after)
        self.caller, self.send = caller, send
        self.sent = 0
        self.until = time.monotonic() + MOST_SECONDS

    async def begin(self, *, greet: bool) -> None:
        """Send the head, and to a client that named no number where it starts."""
        headers = _headers(self.caller, "text/event-stream")
        await self.send({"type": "http.response.start", "status": 200, "headers": headers})
        hello = f"id: {self.after}\nevent: hello\ndata: {{}}\n\n" if greet else ""
        await self._write(f"retry: {RETRY_MS}\n\n{hello}".encode())

    async def live(self) -> None:
        """Follow, and end the response; its client comes back for the rest."""
        last = b""
        try:
            with contextlib.suppress(Error):
                await self.follow()
        except asyncio.CancelledError:  # the server stops
            last = f"retry: {RETRY_MS + secrets.randbelow(RESTART_MS)}\n\n".encode()
        await self.send({"type": "http.response.body", "body": last, "more_body": False})
        if last:
            await asyncio.sleep(LAST_WORDS_SECONDS)

    def room(self) -> tuple[int, int]:
        """Return how many items and bytes may still go into this response."""
        return BATCH if time.monotonic() < self.until else 0, MOST_BYTES - self.sent

    async def give(self, items: Sequence[Told]) -> None:
        """Send items in one write."""
        await self._write(b"".join(told.frame for told in items))

    async def give_reset(self, found: Window) -> None:
        """Send where things stand; the client goes on from there."""
        data = {"stream": self.feed.stream, "seq": found.last_seq, "snapshot": found.snapshot}
        head = f"id: {found.last_seq}\nevent: reset\ndata: ".encode()
        await self._write(head + orjson.dumps(data) + b"\n\n")

    async def beat(self) -> None:
        """Send a comment, so that nobody in between thinks that the line is dead."""
        await self._write(b": still here\n\n")

    async def _write(self, body: bytes) -> None:
        self.sent += len(body)
        await self.send({"type": "http.response.body", "body": body, "more_body": True})


async def _until_gone(receive: Receive) -> None:
    """Return when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _headers(caller: Caller, kind: str) -> list[tuple[bytes, bytes]]:
    """Return the headers of an answer; other origins get no permission to read it."""
    headers = [
        (b"content-type", f"{kind}; charset=utf-8".encode()),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
        (b"x-content-type-options", b"nosniff"),
        (b"x-request-id", uuid4().hex.encode()),
        (b"vary", b"Origin"),
    ]
    if caller.origin and caller.comes_from_us:
        headers += [
            (b"access-control-allow-origin", caller.origin.encode("latin-1")),
            (b"access-control-allow-credentials", b"true"),
            (b"access-control-allow-headers", b"authorization, last-event-id"),
        ]
    return headers


async def _refuse(send: Send, caller: Caller, status: int, code: str, detail: str) -> None:
    """Send an error as the API words them."""
    headers = _headers(caller, "application/json")
    if status in RETRIED:
        headers.append((b"retry-after", b"%d" % RETRY.seconds))
    request_id = dict(headers)[b"x-request-id"].decode()
    body = {"code": code, "detail": detail, "request_id": request_id}
    await _answer(send, headers, status, json.dumps(body).encode())


async def _answer(send: Send, headers: list[tuple[bytes, bytes]], status: int, body: bytes) -> None:
    """Send one whole answer."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
