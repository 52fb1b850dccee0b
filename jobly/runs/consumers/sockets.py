"""The websocket at `/ws/events/`: resume behind a number, acknowledge as items are taken."""

import asyncio
import contextlib
import json
import time
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer

from jobly.runs.reports import Window

from .callers import Caller, caller_of, may_follow, own_stream
from .feeds import feeds

AHEAD = 64  # items sent beyond the client's last acknowledgement
STALLED_SECONDS = 30.0  # a client that is full this long is closed
RECHECK_SECONDS = 30.0
MOST_TEXT = 4096  # bytes a client may send at once
REFUSED, FORGOTTEN, STALLED, BAD_MESSAGE = 4403, 4401, 4408, 4400


class EventsConsumer(AsyncWebsocketConsumer):
    """Send the items of one stream in order; `{"resume": {"stream", "seq"}}` says from where."""

    following: asyncio.Task[None] | None = None
    caller: Caller

    async def connect(self) -> None:
        """Accept our own pages and programs with a key."""
        self.caller = caller_of(self.scope)
        self.acked = 0
        self.taken = asyncio.Event()
        await self.accept()
        if not self.caller.comes_from_us:
            await self.close(REFUSED)
        elif await own_stream(self.caller) is None:
            await self.close(FORGOTTEN)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Take a resume or an acknowledgement; anything else ends the connection."""
        message = _parse(text_data)
        if message is None:
            await self.close(BAD_MESSAGE)
        elif "ack" in message:
            self.acked = max(self.acked, _number(message["ack"]) or 0)
            self.taken.set()
        elif "resume" in message:
            await self._resume(message["resume"])

    async def _resume(self, asked: Any) -> None:
        """Start to follow a stream, from a number or from now."""
        asked = asked if isinstance(asked, dict) else {}
        stream = asked.get("stream") or await own_stream(self.caller)
        if not isinstance(stream, str) or not await may_follow(self.caller, stream):
            await self.close(REFUSED)
            return
        await self._stop()
        position = asked.get("seq")
        after = None if position is None else _number(position)
        if position is not None and after is None:
            await self.close(BAD_MESSAGE)
            return
        self.following = asyncio.get_running_loop().create_task(self._follow(stream, after))

    async def _follow(self, stream: str, after: int | None) -> None:
        """Send what comes, never more than `AHEAD` items beyond what the client took."""
        feed = feeds.get(stream)
        if after is None:
            after = await feed.position()
            await self._send({"type": "hello", "stream": stream, "seq": after})
        self.acked, checked = after, time.monotonic()
        while True:
            if time.monotonic() - checked > RECHECK_SECONDS:
                checked = time.monotonic()
                if not await may_follow(self.caller, stream):
                    await self.close(FORGOTTEN)
                    return
            room = AHEAD - (after - self.acked)
            if room > 0:
                after = await self._pass_on(await feed.follow(after, room), stream, after)
            elif not await self._room():
                await self.close(STALLED)
                return

    async def _pass_on(self, found: Window, stream: str, after: int) -> int:
        """Send a window; return the number the client then has."""
        if found.reset:
            self.acked = found.last_seq
            item = {"type": "reset", "stream": stream, "seq": found.last_seq}
            await self._send(item | {"data": {"snapshot": found.snapshot}})
            return found.last_seq
        for event in found.events:
            await self._send(event)
        return int(found.events[-1]["seq"]) if found.events else after

    async def _room(self) -> bool:
        """Wait until the client took something; False when it did not for too long."""
        self.taken.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STALLED_SECONDS):
                await self.taken.wait()
                return True
        return False

    async def _send(self, item: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps(item))

    async def _stop(self) -> None:
        """End the following, if any."""
        if self.following is not None:
            self.following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.following
            self.following = None

    async def disconnect(self, code: int) -> None:
        """Stop reading when the client is gone."""
        await self._stop()


def _parse(text: str | None) -> dict[str, Any] | None:
    """Read a message of the client; None when it is none of ours."""
    if text is None or len(text) > MOST_TEXT:
        return None
    try:
        message = json.loads(text)
    except ValueError:
        return None
    return message if isinstance(message, dict) else None


def _number(value: Any) -> int | None:
    """Read a place in a stream; None for anything that is not one."""
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 62
    return value if fits else None
