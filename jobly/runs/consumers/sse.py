"""Server-sent events: one stream a response, resumed by `Last-Event-ID`."""

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

from jobly.runs.reports import Window

from .callers import Caller, caller_of, may_follow, own_stream
from .feeds import feeds

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
BATCH = 64  # events a write
MOST_BYTES = 256 << 10  # then the response ends: the server's buffer stays bounded
MOST_SECONDS = 15 * 60.0
HEARTBEAT_SECONDS = 15.0
RETRY_MS = 1000
RECHECK_SECONDS = 30.0  # between looks at whether the caller may still read


async def stream_events(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
    """Answer `GET /events/stream?stream=` until the client leaves or a bound is reached."""
    caller = caller_of(scope)
    if scope["method"] == "OPTIONS":
        await _answer(send, caller, 204, b"", "text/plain")
        return
    refusal, stream, after = await _request(scope, caller)
    if refusal is not None:
        status, code, detail = refusal
        body = {"code": code, "detail": detail, "request_id": uuid4().hex}
        await _answer(send, caller, status, json.dumps(body).encode(), "application/json")
        return
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": _headers(caller, "text/event-stream"),
        }
    )
    following = asyncio.ensure_future(_follow(caller, stream, after, send))
    leaving = asyncio.ensure_future(_until_gone(receive))
    try:
        await asyncio.wait({following, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (following, leaving):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await task


async def nothing_here(scope: Mapping[str, Any], _: Receive, send: Send) -> None:
    """Answer the live server's health, and 404 to all that is the web server's."""
    fine = scope["path"] in {"/health", "/healthz"}
    missing = {"code": "not_found", "detail": "Only live streams here.", "request_id": uuid4().hex}
    body = json.dumps({"status": "ok"} if fine else missing).encode()
    await _answer(send, caller_of(scope), 200 if fine else 404, body, "application/json")


async def _request(
    scope: Mapping[str, Any], caller: Caller
) -> tuple[tuple[int, str, str] | None, str, int | None]:
    """Read what is asked for: a refusal, or the stream and the number to go on behind."""
    query = parse_qs(scope["query_string"].decode("latin-1"))
    header = {n: v for n, v in scope["headers"] if n == b"last-event-id"}
    position = (header.get(b"last-event-id") or b"").decode("latin-1")
    position = position or (query.get("last_event_id") or [""])[0]
    if caller.origin and not caller.comes_from_us:
        return (403, "foreign_origin", "This origin may not read live streams."), "", None
    own = await own_stream(caller)
    if own is None:
        return (401, "not_authenticated", "Sign in, or send a key with the scope runs."), "", None
    stream = (query.get("stream") or [own])[0]
    if not await may_follow(caller, stream):
        return (404, "not_found", "There is no such stream."), "", None
    if position and not (position.isdigit() and len(position) < 19):  # noqa: PLR2004 # bigint
        return (400, "bad_position", "The position must be a number of an event."), "", None
    return None, stream, int(position) if position else None


async def _follow(caller: Caller, stream: str, after: int | None, send: Send) -> None:
    """Write events as they come, a comment when none do, and end within the bounds."""
    feed = feeds.get(stream)
    began = checked = beat = time.monotonic()
    sent = await _write(send, f"retry: {RETRY_MS}\n\n")
    if after is None:
        after = await feed.position()
        sent += await _write(send, f"id: {after}\nevent: hello\ndata: {{}}\n\n")
    while sent < MOST_BYTES and time.monotonic() - began < MOST_SECONDS:
        found = await feed.follow(after, BATCH)
        now = time.monotonic()
        if now - checked > RECHECK_SECONDS:
            checked = now
            if not await may_follow(caller, stream):
                break
        text, after = _text(stream, found, after)
        if text or now - beat > HEARTBEAT_SECONDS:
            sent += await _write(send, text or ": still here\n\n")
            beat = now
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _text(stream: str, found: Window, after: int) -> tuple[str, int]:
    """Return what to write for a window, and the number the client then has."""
    if found.reset:
        data = json.dumps({"stream": stream, "seq": found.last_seq, "snapshot": found.snapshot})
        return f"id: {found.last_seq}\nevent: reset\ndata: {data}\n\n", found.last_seq
    if not found.events:
        return "", after
    return "".join(map(_as_text, found.events)), int(found.events[-1]["seq"])


def _as_text(event: dict[str, Any]) -> str:
    """Format one item; JSON has no raw newlines, so one data line holds it."""
    return f"id: {event['seq']}\nevent: {event['type']}\ndata: {json.dumps(event)}\n\n"


async def _write(send: Send, text: str) -> int:
    body = text.encode()
    await send({"type": "http.response.body", "body": body, "more_body": True})
    return len(body)


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


async def _answer(send: Send, caller: Caller, status: int, body: bytes, kind: str) -> None:
    """Send one whole answer."""
    head = {"type": "http.response.start", "status": status, "headers": _headers(caller, kind)}
    await send(head)
    await send({"type": "http.response.body", "body": body, "more_body": False})
