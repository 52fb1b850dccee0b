"""A crowd of light websocket clients in one process, for `bench fanout`.

It reads JSON lines: first where to connect and what each client says, then how many messages each
of them is to wait for. It answers each line by one: who is connected, or what arrived and when.
"""

import asyncio
import json
import random
import statistics
import struct
import sys
import time
from typing import Any

import orjson

ACK_ITEMS, ACK_SECONDS = 16, (0.5, 1.5)  # a client says how far it is after so many, or so long
AT_ONCE = 25  # connections under way
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
SHORT, LONG = 126, 127  # the length that says: two, or eight, bytes of length follow


class Crowd:
    """All clients and what they heard since the last question."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.news = asyncio.Event()
        self.forget()

    def forget(self) -> None:
        """Start to count anew."""
        self.waits: list[float] = []
        self.disordered = 0
        self.first_sent = self.last_seen = 0.0

    def hear(self, line: "Line", item: dict[str, Any]) -> None:
        """Note one item and how long it was on its way."""
        now = time.monotonic()
        if line.first:
            line.take(item["seq"])
        data = item.get("data")
        if not data or "sent" not in data:
            return
        self.disordered += data["number"] != line.number + 1
        line.number = data["number"]
        self.first_sent = self.first_sent or data["sent"]
        self.last_seen = now
        self.waits.append(now - data["sent"])
        self.news.set()

    async def await_all(self, expected: int, patience: float) -> dict[str, Any]:
        """Wait until so many items came in all, or none came for `patience` seconds."""
        while len(self.waits) < expected:
            self.news.clear()
            try:
                await asyncio.wait_for(self.news.wait(), patience)
            except TimeoutError:
                break
        waits = sorted(self.waits) or [patience]
        found = {
            "delivered": len(self.waits),
            "expected": expected,
            "disordered": self.disordered,
            "closed": sum(line.closed for line in self.lines),
            "p50": statistics.median(waits),
            "p99": waits[int(len(waits) * 0.99)],
            "last": waits[-1],
            "seconds": self.last_seen - self.first_sent,
        }
        self.forget()
        return found


class Line(asyncio.Protocol):
    """One client: as little work a message as the protocol allows."""

    transport: asyncio.Transport

    def __init__(self, crowd: Crowd, handshake: bytes, first: bytes) -> None:
        self.crowd, self.handshake, self.first = crowd, handshake, first
        self.buffer = b""
        self.number = self.seq = self.acked = 0
        self.timer: asyncio.TimerHandle | None = None
        self.closed = False
        self.open = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for a websocket."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 # what create_connection makes
        self.transport = transport
        transport.write(self.handshake)

    def connection_lost(self, exc: Exception | None) -> None:
        """Remember that the server is gone."""
        self.closed = True
        if not self.open.done():
            self.open.set_result(b"closed")

    def data_received(self, data: bytes) -> None:
        """Take the answer to the handshake, then frames."""
        self.buffer += data
        if not self.open.done():
            head, end, rest = self.buffer.partition(b"\r\n\r\n")
            if not end:
                return
            self.buffer = rest
            self.open.set_result(head.partition(b"\r\n")[0])
            if self.first:
                self.say(self.first)
        while self._frame():
            pass

    def _frame(self) -> bool:
        """Take one whole frame out of the buffer, if one is there."""
        buffer, start = self.buffer, 2
        if len(buffer) < start:
            return False
        size = buffer[1]
        if size == SHORT:
            size, start = int.from_bytes(buffer[2:4], "big"), 4
        elif size == LONG:
            size, start = int.from_bytes(buffer[2:10], "big"), 10
        if len(buffer) < start + size:
            return False
        self.buffer = buffer[start + size :]
        self._take(buffer[0] & 15, buffer[start : start + size])
        return True

    def _take(self, kind: int, payload: bytes) -> None:
        if kind == TEXT:
            self.crowd.hear(self, orjson.loads(payload))
        elif kind == PING:
            self.say(payload, PONG)
        elif kind == CLOSE:
            self.closed = True

    def take(self, seq: int) -> None:
        """Remember how far it is, and say so at times, as our pages do."""
        self.seq = seq
        if seq - self.acked >= ACK_ITEMS:
            self.acknowledge()
        elif self.timer is None:
            delay = random.uniform(*ACK_SECONDS)  # noqa: S311 # spread, not secret
            self.timer = asyncio.get_running_loop().call_later(delay, self.acknowledge)

    def acknowledge(self) -> None:
        """Say how far it is."""
        if self.timer is not None:
            self.timer.cancel()
        self.timer, self.acked = None, self.seq
        self.say(b'{"ack": %d}' % self.seq)

    def say(self, payload: bytes, kind: int = TEXT) -> None:
        """Send a short frame under a mask of zeros, which leaves it as it is."""
        if not self.closed:
            self.transport.write(struct.pack("!BBI", 128 | kind, 128 | len(payload), 0) + payload)


async def connect(crowd: Crowd, asked: dict[str, Any]) -> dict[str, Any]:
    """Open one line for each token; return how many stand."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(token: str) -> bytes:
        headers = [
            f"GET {asked['path']} HTTP/1.1", f"Host: {asked['host']}:{asked['port']}",
            "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        ]  # fmt: skip
        if token:
            headers.append(f"Authorization: Bearer {token}")
        hello = ("\r\n".join(headers) + "\r\n\r\n").encode()
        line = Line(crowd, hello, asked["first"].encode())
        async with turn:
            loop = asyncio.get_running_loop()
            await loop.create_connection(lambda: line, asked["host"], asked["port"])
            answer: bytes = await line.open
        crowd.lines.append(line)
        return answer

    answers = await asyncio.gather(*map(one, asked["tokens"]))
    bad = [answer.decode() for answer in answers if b" 101 " not in answer]
    return {"connected": len(answers) - len(bad), "refused": bad[:3]}


async def main() -> None:
    """Answer the lines of stdin until it ends."""
    loop = asyncio.get_running_loop()
    crowd = Crowd()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        asked = json.loads(line)
        if "path" in asked:
            answer = await connect(crowd, asked)
        else:
            expected = asked["each"] * len(crowd.lines)
            answer = await crowd.await_all(expected, asked["patience"])
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
