"""The websocket at `/ws/events/`: resume behind a number, acknowledge as items are taken."""

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import orjson
from django.db import Error

from jobly.errors import TooMany
from jobly.runs.reports import Window

from .callers import Caller, caller_of, may_follow, own_stream
from .feeds import Feed, Follower, Told, feeds
from .rows import desk
from .seats import seat

AHEAD = 64  # items sent beyond the client's last acknowledgement
AHEAD_BYTES = 256 << 10  # sent since the client had acknowledged everything
STALLED_SECONDS = 30.0  # a client that is full this long is closed
SILENT_SECONDS = 30.0  # a client that has not said by then what it wants is closed
SPARE = 64  # messages a client may send beyond one for each item it got
GOODBYE_SECONDS = 1.0  # for the client to answer a close
BAD_MESSAGE, FORGOTTEN, REFUSED, STALLED, TOO_MANY = 4400, 4401, 4403, 4408, 4429
BROKEN, RESTARTING, LATER = 1011, 1012, 1013
CODES = {"forgotten": FORGOTTEN, "stalled": STALLED, "bad": BAD_MESSAGE, "gone": 1000}
AGAIN = "again"  # the client asked for another place

log = logging.getLogger(__name__)
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


async def follow_by_socket(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
    """Serve one websocket: `{"resume": {"stream", "seq"}}` says from where, `{"ack"}` how far."""
    line = Line(caller_of(scope), send)
    await receive()
    await send({"type": "websocket.accept"})
    living = asyncio.get_running_loop().create_task(line.live())
    try:
        while (message := await receive())["type"] != "websocket.disconnect":
            line.hear(message.get("text"))
    except asyncio.CancelledError:  # the server stops
        await line.close(RESTARTING)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_SECONDS):
                while (await receive())["type"] != "websocket.disconnect":
                    pass
    finally:
        living.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await living


class Line:
    """One websocket and what its client asked for."""

    def __init__(self, caller: Caller, send: Send) -> None:
        self.caller, self.send = caller, send
        self.asked = asyncio.Event()
        self.wish: Any = None
        self.spare = SPARE
        self.client: Client | None = None
        self.closing = False

    def hear(self, text: str | None) -> None:
        """Take a resume or an acknowledgement; anything else ends the connection."""
        message = _parse(text)
        self.spare -= 1
        if message is None or self.spare < 0:
            self.wish = None
            self._interrupt("bad")
        elif "ack" in message and self.client is not None:
            self.client.acknowledge(_number(message["ack"]) or 0)
        elif "resume" in message:
            self.wish = message["resume"]
            self._interrupt(AGAIN)

    def _interrupt(self, why: str) -> None:
        self.asked.set()
        if self.client is not None:
            self.client.end(why)

    async def live(self) -> None:
        """Do what the client asks until there is a reason to close, and close."""
        code = BROKEN
        try:
            code = await self._serve()
        except TooMany:
            code = TOO_MANY
        except Error:
            code = LATER
        finally:
            await self.close(code)

    async def _serve(self) -> int:
        """Follow what is asked for, again and again; return the code to close with."""
        if not self.caller.comes_from_us:
            return REFUSED
        with contextlib.ExitStack() as held:
            while True:
                principal = await desk.who_is(self.caller)
                own = own_stream(principal)
                if own is None:
                    return FORGOTTEN
                held.close()
                held.enter_context(seat(principal, self.caller))
                wish = await self._wish(own)
                if wish is None:
                    return BAD_MESSAGE
                if not may_follow(principal, wish[0]):
                    return REFUSED
                why = await self._follow(*wish)
                if why != AGAIN:
                    return CODES[why]

    async def _wish(self, own: str) -> tuple[str, int | None] | None:
        """Wait for what the client wants: a stream and a number; None when it says nothing so."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SILENT_SECONDS):
                await self.asked.wait()
        self.asked.clear()
        if not isinstance(self.wish, dict):
            return None
        stream, place = self.wish.get("stream") or own, self.wish.get("seq")
        after = None if place is None else _number(place)
        if not isinstance(stream, str) or (after is None and place is not None):
            return None
        return stream, after

    async def _follow(self, stream: str, after: int | None) -> str:
        feed = await feeds.feed(stream)
        if after is None:
            after = await feed.start()
            await self.say(_as_text(type="hello", stream=stream, seq=after))
        self.client = Client(self, feed, after)
        if self.asked.is_set():
            return AGAIN
        try:
            return await self.client.follow()
        finally:
            self.client = None

    async def say(self, *texts: str) -> None:
        """Send messages, unless the client has left; `more` is a word to our own server."""
        last = len(texts) - 1
        try:
            for number, text in enumerate(texts):
                more = number < last
                await self.send({"type": "websocket.send", "text": text, "more": more})
        except (OSError, RuntimeError) as wrong:  # servers differ in what they say of who left
            log.info("a live client could not be told: %s", wrong)
            self._interrupt("gone")

    async def close(self, code: int) -> None:
        """Close, once."""
        if not self.closing:
            self.closing = True
            with contextlib.suppress(OSError, RuntimeError):
                await self.send({"type": "websocket.close", "code": code})


class Client(Follower):
    """A follower by websocket: it has room for some items beyond its last acknowledgement."""

    stall_seconds = STALLED_SECONDS

    def __init__(self, line: Line, feed: Feed, after: int) -> None:
        super().__init__(line.caller, feed, after)
        self.line, self.acked, self.open_bytes = line, after, 0

    def acknowledge(self, seq: int) -> None:
        """Hear how far the client is."""
        self.acked = max(self.acked, min(seq, self.after))
        if self.acked == self.after:
            self.open_bytes = 0
        if self not in self.feed.live:
            self.moved.set()

    def room(self) -> tuple[int, int]:
        """Return how many items and bytes fit before the next acknowledgement."""
        return AHEAD - (self.after - self.acked), AHEAD_BYTES - self.open_bytes

    async def give(self, items: Sequence[Told]) -> None:
        """Send each item as a message of its own."""
        self.line.spare += len(items)
        self.open_bytes += sum(len(told.frame) for told in items)
        await self.line.say(*(told.text for told in items))

    async def give_reset(self, found: Window) -> None:
        """Send where things stand; the client goes on from there."""
        self.acked = found.last_seq
        data = {"snapshot": found.snapshot}
        stream, seq = self.feed.stream, found.last_seq
        await self.line.say(_as_text(type="reset", stream=stream, seq=seq, data=data))


def _parse(text: str | None) -> dict[str, Any] | None:
    """Read a message of the client; None when it is none of ours."""
    try:
        message = json.loads(text or "")
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None


def _as_text(**item: Any) -> str:
    """Encode what is no event of the log."""
    return orjson.dumps(item).decode()


def _number(value: Any) -> int | None:
    """Read a place in a stream; None for anything that is not one."""
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 62
    return value if fits else None
