"""One ear at Valkey a process, one read of a stream for all who follow it here.

A follower that has everything stands in its feed's `live` set and is handed what comes. One that
lags, or whose client has no room, leaves the set and catches up by itself, from memory or table.
"""

import asyncio
import contextlib
import json
import logging
import time
import weakref
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson
import redis.asyncio
from django.conf import settings
from django.db import Error
from redis.exceptions import RedisError

from jobly.runs.clients import POKE_TOPIC
from jobly.runs.reports import Window, items_after, position, positions, window

from .callers import Caller, may_follow, principals
from .rows import on_thread

KEPT = 256  # items a feed remembers, for followers that lag a little
LOOK = 64  # items a lagging follower reads at once
SAFETY_SECONDS = 4.0  # between looks when no poke came: pokes may be lost, rows never are
FRESH_SECONDS = 1.0  # rights older than this are asked for again before anything is given
IDLE_SECONDS = 25.0  # rights of those who are given nothing are asked for this often
RECONNECT_SECONDS = 1.0
SILENCE_SECONDS = 10.0  # without a word from Valkey it is asked whether it is there
TURN = 32  # followers handed something before the rest of the process gets its turn

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """One item, encoded once for all who get it: `text` is its JSON, `frame` that for SSE."""

    seq: int
    text: str
    frame: bytes


def encode(item: dict[str, Any]) -> Told:
    """Encode an item; JSON has no raw newlines, so one data line holds it."""
    data = orjson.dumps(item)
    head = f"id: {item['seq']}\nevent: {item['type']}\ndata: ".encode()
    return Told(item["seq"], data.decode(), head + data + b"\n\n")


class Feed:
    """One stream as this process follows it."""

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.recent: deque[Told] = deque(maxlen=KEPT)
        self.live: set[Follower] = set()
        self.last: int | None = None  # everybody live has been handed all up to here
        self.wanted = 0
        self.starting = asyncio.Lock()
        self.pumping: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """Return the number of the newest event, at first from the table."""
        async with self.starting:
            if self.last is None:
                self.last = await on_thread(position, self.stream)
                self.ring(self.last)
        return self.last

    def ring(self, seq: int) -> None:
        """Hear that this number exists; lost and doubled pokes do no harm."""
        self.wanted = max(self.wanted, seq)
        idle = self.pumping is None or self.pumping.done()
        if idle and self.last is not None and self.wanted > self.last:
            self.pumping = asyncio.get_running_loop().create_task(self._pump(self.last))

    async def _pump(self, last: int) -> None:
        """Read what is new once and hand it to everybody, until there is no more."""
        try:
            while self.wanted > last:
                items, _ = await asyncio.gather(
                    on_thread(items_after, self.stream, last, KEPT), feeds.check(self.live)
                )
                await feeds.check(self.live)  # who came meanwhile
                if not items:
                    self.wanted = last
                    break
                told = [encode(item) for item in items]
                if told[0].seq != last + 1:  # taken away meanwhile: memory has no holes
                    self.recent.clear()
                self.recent.extend(told)
                self.last = last = told[-1].seq
                await self._hand(told)
                feeds.refresh(self.live)
        except Error as wrong:
            log.warning("%s waits for the database: %s", self.stream, wrong)

    async def _hand(self, told: Sequence[Told]) -> None:
        for turn, follower in enumerate(tuple(self.live), start=1):
            if follower in self.live:
                await follower.take(told)
            if turn % TURN == 0:
                await asyncio.sleep(0)

    def remembered(self, after: int) -> list[Told] | None:
        """Return what followed a number from memory; None when memory does not reach back."""
        if after == self.last:
            return []
        if self.recent and self.recent[0].seq <= after + 1 <= (self.last or 0):
            return list(islice(self.recent, after + 1 - self.recent[0].seq, None))
        return None


class Follower:
    """One client's place in a stream. Subclasses say how much it can take, and give it that.

    `stall_seconds`: how long it may have no room; `beat_seconds`: between signs of life to it.
    """

    stall_seconds = 0.0
    beat_seconds: float | None = None

    def __init__(self, caller: Caller, feed: Feed, after: int) -> None:
        self.caller, self.feed, self.after = caller, feed, after
        self.checked = time.monotonic()
        self.moved = asyncio.Event()
        self.over = ""  # why it ends

    def room(self) -> tuple[int, int]:
        """Return how many items the client can take now, and how many bytes."""
        raise NotImplementedError

    def is_full(self) -> bool:
        """Whether the client can take nothing at the moment."""
        return min(self.room()) < 1

    async def give(self, items: Sequence[Told]) -> None:
        """Send items to the client. Must not wait for the client: others stand behind it."""
        raise NotImplementedError

    async def give_reset(self, found: Window) -> None:
        """Send that the client's number is no place in the stream, and where things stand."""
        raise NotImplementedError

    async def beat(self) -> None:
        """Send a sign of life."""

    def end(self, why: str) -> None:
        """Have `follow` return."""
        self.over = self.over or why
        self.feed.live.discard(self)
        self.moved.set()

    async def follow(self) -> str:
        """Give the client everything behind its number, in order; return why that ended."""
        feeds.followers.add(self)
        try:
            while not self.over:
                await self._step()
        finally:
            feeds.followers.discard(self)
        return self.over

    async def _step(self) -> None:
        """Wait for room, or catch up by some items, or stand among the live until something is."""
        if self.is_full():
            await self._await_room()
            return
        items = self.feed.remembered(self.after)
        if items == []:
            await self._stand()
            return
        await feeds.check([self])
        if items is None and not self.over:
            items = await self._look()
        if items and not self.over:
            await self._pass(items)

    async def _look(self) -> list[Told]:
        """Read from the table; a number it is ahead of this process by is waited at."""
        found = await on_thread(window, self.feed.stream, self.after, LOOK)
        if found.reset and not self.over:
            self.after = found.last_seq
            await self.give_reset(found)
        elif not found.events:
            await self._stand()
        return [encode(item) for item in found.events]

    async def _stand(self) -> None:
        """Be handed what comes, until something else has to be done."""
        self.feed.live.add(self)
        self.moved.clear()
        try:
            async with asyncio.timeout(self.beat_seconds):
                await self.moved.wait()
        except TimeoutError:
            await self.beat()
        finally:
            self.feed.live.discard(self)

    async def _await_room(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.stall_seconds):
                while self.is_full() and not self.over:
                    self.moved.clear()
                    await self.moved.wait()
                return
        self.end("stalled")

    async def take(self, told: Sequence[Told]) -> None:
        """Be handed new items; what does not fit is caught up with later."""
        skip = self.after + 1 - told[0].seq
        if skip >= 0:
            await self._pass(told[skip:])
        if self.after < told[-1].seq:
            self.moved.set()

    async def _pass(self, items: Sequence[Told]) -> None:
        """Give as many items as there is room for; the last may be larger than that."""
        most, size = self.room()
        count = 0
        while count < min(most, len(items)) and size > 0:
            size -= len(items[count].frame)
            count += 1
        if count:
            self.after = items[count - 1].seq
            await self.give(items[:count])


class Feeds:
    """All feeds and followers of this process, the subscription, and the clock behind it."""

    def __init__(self) -> None:
        self.open: weakref.WeakValueDictionary[str, Feed] = weakref.WeakValueDictionary()
        self.followers: set[Follower] = set()
        self.checking = asyncio.Lock()
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def feed(self, stream: str) -> Feed:
        """Return the feed of a stream; it lives as long as somebody follows it."""
        for work in (self._listen, self._watch):
            task = self.tasks.get(work.__name__)
            if task is None or task.done():
                self.tasks[work.__name__] = asyncio.get_running_loop().create_task(work())
        feed = self.open.setdefault(stream, Feed(stream))
        await feed.start()
        return feed

    async def check(self, some: Iterable[Follower], older: float = FRESH_SECONDS) -> None:
        """End those who may no longer read; rights are at most `older` seconds old afterwards.

        When anybody's are too old, everybody's are read: it costs no more queries.
        """
        if not any(_is_older(follower, older) for follower in some):
            return
        async with self.checking:
            began = time.monotonic()
            stale = [follower for follower in self.followers if _is_older(follower, older)]
            if not stale:
                return
            found = await on_thread(principals, {follower.caller for follower in stale})
            for follower in stale:
                follower.checked = began
                if not may_follow(found[follower.caller], follower.feed.stream):
                    follower.end("forgotten")

    def refresh(self, some: Iterable[Follower]) -> None:
        """Have rights that will be too old soon read beside the work, so that it need not wait."""
        if not self.checking.locked() and any(_is_older(one, FRESH_SECONDS / 2) for one in some):
            task = asyncio.get_running_loop().create_task(self._refresh())
            self.tasks[task.get_name()] = task
            task.add_done_callback(lambda done: self.tasks.pop(done.get_name(), None))

    async def _refresh(self) -> None:
        with contextlib.suppress(Error):
            await self.check(self.followers, FRESH_SECONDS / 2)

    async def look(self) -> None:
        """Ask the table for every stream that is followed here, by one query."""
        streams = list(self.open)
        if not streams:
            return
        try:
            for stream, seq in (await on_thread(positions, streams)).items():
                if (feed := self.open.get(stream)) is not None:
                    feed.ring(seq)
            await self.check(self.followers, IDLE_SECONDS)
        except Error as wrong:
            log.warning("the database is away, live pages wait: %s", wrong)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(SAFETY_SECONDS)
            await self.look()

    async def _listen(self) -> None:
        """Turn pokes into reads; `_watch` looks while Valkey is away."""
        while True:
            try:
                await self._hear()
            except (RedisError, OSError, ValueError, KeyError) as wrong:
                log.warning("valkey is away, live pages look every few seconds: %s", wrong)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _hear(self) -> None:
        # redis-py gives up on a socket that was idle for five seconds unless told otherwise
        client = redis.asyncio.Redis.from_url(settings.VALKEY_URL, socket_timeout=None)
        async with client, client.pubsub() as ear:
            await ear.subscribe(POKE_TOPIC)
            asked = False
            while True:
                message = await ear.get_message(timeout=SILENCE_SECONDS)
                if message is None and asked:
                    raise TimeoutError("no answer")
                asked = message is None
                if message is None:
                    await ear.ping()
                elif message["type"] == "subscribe":
                    await self.look()  # for what was told meanwhile
                elif message["type"] == "message":
                    self._poke(json.loads(message["data"]))

    def _poke(self, poke: dict[str, Any]) -> None:
        feed = self.open.get(poke["stream"])
        if feed is not None:
            feed.ring(int(poke["seq"]))


def _is_older(follower: Follower, seconds: float) -> bool:
    return time.monotonic() - follower.checked > seconds


feeds = Feeds()
