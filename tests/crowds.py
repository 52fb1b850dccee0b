"""Load targets L6 and L7 (RELIABILITY §4): six hundred idle clients, and fifty that never read.

By hand: `python -m tests.loads l6 l7`.
"""

import argparse
import asyncio
import random
import statistics
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import orjson

from jobly.embedded.instance import HOST
from tests.real.ground import Ground
from tests.real.lines import answer, beside, deaf_events, deaf_socket, head, resident, unsent
from tests.real.world import Process, World
from tests.show import say

EACH_KIND = 300  # websockets, and as many streams of server-sent events
MOST_KB_EACH, MOST_SQL_EACH = 150, 0.25
MOST_LATE, MOST_LATE_DEAF = 1.0, 6.0  # seconds, p95; with Valkey dead
IDLE_SECONDS = 60.0
ROUNDS, ROUNDS_DEAD, SOME = 30, 8, 20  # told on the company's stream and on some people's own
DEAF, EACH_DEAF_KB, MOST_TIMES = 50, 512, 1.5
READERS, RATE, TURN_SECONDS, TURNS = 40, 20, 10, 3
UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


class Crowd(threading.Thread):
    """Clients of one world on a loop of their own: what they heard, and how late it was."""

    def __init__(self, world: World) -> None:
        super().__init__(daemon=True)
        self.world = world
        self.loop = asyncio.new_event_loop()
        self.late: list[float] = []
        self.gaps = 0
        self.cut = 0

    def run(self) -> None:
        self.loop.run_forever()

    def connect(self, people: Iterable[dict[str, str]], kind: "type[Line]", stream: str) -> None:
        """Open a line for each person, on this stream or on the person's own."""

        async def one(person: dict[str, str]) -> None:
            line = kind(self, stream or f"user:{person['user']}", person["key"])
            await self.loop.create_connection(lambda: line, HOST, self.world.live_port)
            await asyncio.wait_for(line.open, 30)

        async def all_of_them() -> None:
            for person in people:
                await one(person)

        asyncio.run_coroutine_threadsafe(all_of_them(), self.loop).result(300)

    def await_heard(self, count: int, seconds: float) -> list[float]:
        """Wait for so many items; return how late each was, and forget them."""
        deadline = time.monotonic() + seconds
        while len(self.late) < count and time.monotonic() < deadline:
            time.sleep(0.005)
        found, self.late = self.late, []
        return found

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.join(10)


class Line(asyncio.Protocol):
    """One client; subclasses read what their kind of server sends."""

    def __init__(self, crowd: Crowd, stream: str, key: str) -> None:
        self.crowd, self.stream, self.key = crowd, stream, key
        self.buffer, self.seq = b"", 0
        self.open: asyncio.Future[None] = crowd.loop.create_future()

    def request(self) -> str:
        raise NotImplementedError

    def opened(self) -> None:
        """Say more once the server has answered."""

    def read(self) -> Iterator[dict[str, Any]]:
        raise NotImplementedError

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(self.request().encode())

    def connection_lost(self, exc: Exception | None) -> None:
        self.crowd.cut += 1

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.open.done():
            _, end, self.buffer = self.buffer.partition(b"\r\n\r\n")
            if not end:
                return
            self.open.set_result(None)
            self.opened()
        for item in self.read():
            if sent := item.get("data", {}).get("sent"):
                self.crowd.gaps += item["seq"] != self.seq + 1
                self.crowd.late.append(time.monotonic() - sent)
            self.seq = item["seq"]  # before the next is read, which may ask for more


class EventsLine(Line):
    """By server-sent events; a response that has ended is asked for again."""

    def request(self) -> str:
        path = f"/events/stream?stream={self.stream}&last_event_id={self.seq}"
        return head(self.crowd.world, path, self.key)

    def read(self) -> Iterator[dict[str, Any]]:
        while b"\n\n" in self.buffer:
            block, _, self.buffer = self.buffer.partition(b"\n\n")
            _, found, data = block.partition(b"data: ")
            if found:
                yield orjson.loads(data)
        if self.buffer.endswith(b"\r\n0\r\n\r\n"):
            self.buffer, self.open = b"", self.crowd.loop.create_future()
            self.transport.write(self.request().encode())


class SocketLine(Line):
    """By websocket."""

    def request(self) -> str:
        return head(self.crowd.world, "/ws/events/", self.key, **UPGRADE)

    def opened(self) -> None:
        self.say({"resume": {"stream": self.stream, "seq": 0}})

    def say(self, message: Any, kind: int = 0x81) -> None:
        payload = orjson.dumps(message) if kind == 0x81 else message
        self.transport.write(bytes([kind, 0x80 | len(payload), 0, 0, 0, 0]) + payload)

    def read(self) -> Iterator[dict[str, Any]]:
        while len(self.buffer) >= 4:
            kind, size, start = self.buffer[0], self.buffer[1], 2
            if size == 126:
                size, start = int.from_bytes(self.buffer[2:4], "big"), 4
            if len(self.buffer) < start + size:
                return
            payload, self.buffer = self.buffer[start : start + size], self.buffer[start + size :]
            if kind == 0x81:
                yield (item := orjson.loads(payload))
                self.say({"ack": item["seq"]})
            elif kind == 0x89:
                self.say(payload, 0x8A)


@contextmanager
def bell(world: World, pad: int = 0) -> Iterator[Callable[[Iterable[str]], None]]:
    """Give a function that tells once on each of some streams."""
    program = beside(world, "ring", piped=True, pad=pad)

    def ring(streams: Iterable[str]) -> None:
        program.stdin.write(" ".join(streams) + "\n")
        program.stdin.flush()
        program.stdout.readline()

    with program:
        yield ring
        program.stdin.close()
        program.stdout.read()


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


@contextmanager
def crowd_of(ground: Ground) -> Iterator[tuple[World, Process, Crowd]]:
    """A world with a live server, and nobody there yet."""
    world = World(ground)
    crowd = Crowd(world)
    try:
        live = world.start_live()
        crowd.start()
        yield world, live, crowd
    finally:
        crowd.stop()
        world.close()


def l6(ground: Ground, options: argparse.Namespace) -> list[str]:
    """Three hundred clients of each kind that have nothing to do, and how late what comes is."""
    with crowd_of(ground) as (world, live, crowd):
        people = answer(beside(world, "people", count=2 * EACH_KIND + 2))
        readers, owners = people[:EACH_KIND], people[EACH_KIND : 2 * EACH_KIND]
        crowd.connect(people[-2:-1], EventsLine, world.stream)
        crowd.connect(people[-1:], SocketLine, "")
        time.sleep(2)
        before = resident(live)
        crowd.connect(readers, EventsLine, world.stream)
        crowd.connect(owners, SocketLine, "")
        time.sleep(5)
        each = (resident(live) - before) / (2 * EACH_KIND) / 1024
        asked = _statements(world)
        time.sleep(IDLE_SECONDS)
        sql = (_statements(world) - asked) / IDLE_SECONDS / (2 * EACH_KIND)
        say(f"{2 * EACH_KIND} idle clients: {each:.0f} KB and {sql:.4f} SQL/s each")
        late = _rounds(world, crowd, owners, ROUNDS)
        world.kill_valkey()
        dead = _rounds(world, crowd, owners, ROUNDS_DEAD)
        say(f"p95 {late:.3f} s, with Valkey dead {dead:.3f} s; {crowd.gaps} gaps, {crowd.cut} cut")
        return [
            *([f"{each:.0f} KB a client"] if each > MOST_KB_EACH else []),
            *([f"{sql:.3f} SQL/s a client"] if sql > MOST_SQL_EACH else []),
            *([f"p95 {late:.2f} s"] if late > MOST_LATE else []),
            *([f"p95 {dead:.2f} s with Valkey dead"] if dead > MOST_LATE_DEAF else []),
            *([f"{crowd.gaps} gaps, {crowd.cut} cut"] if crowd.gaps or crowd.cut else []),
        ]


def _rounds(world: World, crowd: Crowd, owners: list[dict[str, str]], rounds: int) -> float:
    """Tell on the company's stream and on some people's own, now and then; return the p95."""
    late = []
    draw = random.Random(6)  # noqa: S311
    with bell(world) as ring:
        for _ in range(rounds):
            time.sleep(draw.random())
            chosen = draw.sample(owners, SOME)
            ring([world.stream, *(f"user:{person['user']}" for person in chosen)])
            heard = crowd.await_heard(EACH_KIND + 1 + SOME, 20)
            assert len(heard) == EACH_KIND + 1 + SOME, len(heard)
            late += heard
    return p95(late)


def _statements(world: World) -> int:
    """Count the statements so far: here each is a transaction of its own."""
    return int(
        world.value(
            "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = %s",
            world.name,
        )
    )


def l7(ground: Ground, options: argparse.Namespace) -> list[str]:
    """Forty readers with and without fifty clients that never read, turn by turn."""
    with crowd_of(ground) as (world, live, crowd):
        people = answer(beside(world, "people", count=READERS + DEAF))
        crowd.connect(people[: READERS // 2], EventsLine, world.stream)
        crowd.connect(people[READERS // 2 : READERS], SocketLine, world.stream)
        alone, beside_deaf, grown = [], [], []
        with bell(world, pad=1000) as ring:
            _turn(world, crowd, ring)  # warm
            for _ in range(TURNS):
                alone += _turn(world, crowd, ring)
                before = resident(live)
                with ExitStack() as held:
                    for number, person in enumerate(people[READERS:]):
                        deaf = deaf_socket if number % 2 else deaf_events
                        held.enter_context(deaf(world, person["key"]))
                    beside_deaf += _turn(world, crowd, ring)
                    grown.append((resident(live) - before + unsent(world)) / DEAF / 1024)
        ratio = p95(beside_deaf) / p95(alone)
        say(f"p95 {p95(alone):.4f} s alone, {p95(beside_deaf):.4f} s beside: {ratio:.2f} times")
        say(f"a deaf client held {max(grown):.0f} KB; {crowd.gaps} gaps, {crowd.cut} cut")
        return [
            *([f"{ratio:.2f} times as late"] if ratio > MOST_TIMES else []),
            *([f"{max(grown):.0f} KB a deaf client"] if max(grown) > EACH_DEAF_KB else []),
            *([f"{crowd.gaps} gaps"] if crowd.gaps else []),
        ]


def _turn(world: World, crowd: Crowd, ring: Callable[[Iterable[str]], None]) -> list[float]:
    """Tell at a steady rate for a while; return how late each item was at each reader."""
    late = []
    for _ in range(RATE * TURN_SECONDS):
        began = time.monotonic()
        ring([world.stream])
        heard = crowd.await_heard(READERS, 20)
        assert len(heard) == READERS, len(heard)
        late += heard
        time.sleep(max(0.0, 1 / RATE - (time.monotonic() - began)))
    return late
