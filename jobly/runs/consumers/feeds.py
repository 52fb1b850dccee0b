"""One ear at Valkey a process, one read of a stream for all who follow it here."""

import asyncio
import contextlib
import json
import logging
import weakref
from collections import deque
from typing import Any

import redis.asyncio
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import close_old_connections
from redis.exceptions import RedisError

from jobly.runs.clients import POKE_TOPIC
from jobly.runs.reports import Window, window

KEPT = 512  # events a feed remembers, for followers that lag a little
SAFETY_SECONDS = 5.0  # between looks when no poke came: pokes may be lost, rows never are
RECONNECT_SECONDS = 1.0

log = logging.getLogger(__name__)


@sync_to_async(thread_sensitive=False)
def _read(stream: str, after: int, limit: int) -> Window:
    """Read rows on a thread of the pool, with a connection that is known to work."""
    close_old_connections()
    try:
        return window(stream, after, limit)
    finally:
        close_old_connections()


class Feed:
    """One stream as this process follows it; every follower is served from one read."""

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.recent: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self.poked = asyncio.Event()
        self.reading = asyncio.Lock()
        self.changed = asyncio.Condition()
        self.last = 0

    async def position(self) -> int:
        """Return the number of the newest event."""
        return (await _read(self.stream, 0, 1)).last_seq

    async def follow(self, after: int, limit: int) -> Window:
        """Return what came after a number: at once if there is something, else when it comes.

        Empty after `SAFETY_SECONDS` without news. A number that is no place in the stream gives a
        window whose `reset` is set.
        """
        if not self.last or after != self.last:
            found = await self._after(after, limit)
            if found.events or found.reset:
                return found
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SAFETY_SECONDS), self.changed:
                await self.changed.wait_for(lambda: self.last > after)
        return await self._after(after, limit)

    async def _after(self, after: int, limit: int) -> Window:
        """Serve from memory when the follower is near the end, else from the table."""
        if self.recent and self.recent[0]["seq"] <= after + 1 <= self.last:
            skip = after + 1 - self.recent[0]["seq"]
            events = [e for i, e in enumerate(self.recent) if skip <= i < skip + limit]
            return Window(events=events, last_seq=self.last, min_seq=1, reset=False)
        return await _read(self.stream, after, limit)

    async def poke(self, seq: int) -> None:
        """Read what is new once and wake the followers; lost and doubled pokes do no harm."""
        async with self.reading:
            if seq <= self.last:
                return
            if not self.last:
                self.last = seq - 1
            found = await _read(self.stream, self.last, KEPT)
            if found.reset or not found.events:
                self.recent.clear()
                self.last = found.last_seq
            else:
                self.recent.extend(found.events)
                self.last = found.events[-1]["seq"]
        async with self.changed:
            self.changed.notify_all()


class Feeds:
    """All feeds of this process and the one subscription that feeds them."""

    def __init__(self) -> None:
        self.open: weakref.WeakValueDictionary[str, Feed] = weakref.WeakValueDictionary()
        self.ear: asyncio.Task[None] | None = None

    def get(self, stream: str) -> Feed:
        """Return the feed of a stream; it lives as long as somebody follows it."""
        if self.ear is None or self.ear.done():
            self.ear = asyncio.get_running_loop().create_task(self._listen())
        feed = self.open.get(stream)
        if feed is None:
            feed = self.open[stream] = Feed(stream)
        return feed

    async def _listen(self) -> None:
        """Turn pokes into reads; followers look by themselves while Valkey is away."""
        while True:
            try:
                await self._hear()
            except (RedisError, OSError) as wrong:
                log.warning("valkey is away, live pages look every few seconds: %s", wrong)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _hear(self) -> None:
        client = redis.asyncio.Redis.from_url(settings.VALKEY_URL, socket_timeout=None)
        async with client, client.pubsub(ignore_subscribe_messages=True) as ear:
            await ear.subscribe(POKE_TOPIC)
            async for message in ear.listen():
                poke = json.loads(message["data"])
                feed = self.open.get(poke["stream"])
                if feed is not None:
                    await feed.poke(int(poke["seq"]))


feeds = Feeds()
