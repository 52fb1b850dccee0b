"""Clients that follow a stream, lose their connection, come back, and remember what they saw."""

import json
import random
import threading
import time
from contextlib import suppress
from typing import Any

import requests
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from jobly.embedded.instance import HOST

from .world import World

PATIENCE = 20.0  # seconds of silence after which a server is asked whether it lives
AGAIN = 0.05


class Client(threading.Thread):
    """Follow a stream from its first event; `cut` drops the line, and it resumes where it was."""

    def __init__(self, world: World) -> None:
        super().__init__(daemon=True)
        self.world = world
        self.history: list[dict[str, Any]] = []
        self.position = 0
        self.over = threading.Event()
        self.cuts = 0
        self.problems: list[str] = []

    def run(self) -> None:
        while not self.over.is_set():
            try:
                self.follow()
            except (OSError, WebSocketException, requests.RequestException) as exc:
                self.problems.append(repr(exc))
            time.sleep(AGAIN)

    def follow(self) -> None:
        """Read one connection to its end."""
        raise NotImplementedError

    def cut(self) -> None:
        """Drop the line without a word."""
        raise NotImplementedError

    @property
    def told(self) -> str:
        """How far it came and what it met, for a test that waits for it."""
        return f"{type(self).__name__} at {self.position} saw all; it met {self.problems[-3:]}"

    def take(self, item: dict[str, Any]) -> None:
        self.history.append(item)
        self.position = item["seq"]

    def stop(self) -> None:
        self.over.set()
        self.cut()
        self.join(10)

    def cut_for_ever(self, times: int, pause: float, seed: int) -> None:
        """Drop the line so many times, at times drawn by the seed."""
        draw = random.Random(seed)  # noqa: S311
        for _ in range(times):
            time.sleep(pause * (0.5 + draw.random()))
            self.cut()
            self.cuts += 1


class Socket(Client):
    """A websocket client that acknowledges what it took."""

    line: Any = None

    def follow(self) -> None:
        url = f"ws://{HOST}:{self.world.live_port}/ws/events/"
        with connect(url, additional_headers=self.world.bearer, close_timeout=1) as self.line:
            asked = {"stream": self.world.stream, "seq": self.position}
            self.line.send(json.dumps({"resume": asked}))
            while not self.over.is_set():
                with suppress(TimeoutError):
                    self.take(json.loads(self.line.recv(timeout=1)))
                    self.line.send(json.dumps({"ack": self.position}))

    def cut(self) -> None:
        if self.line is not None:
            with suppress(OSError):
                self.line.socket.shutdown(2)


class Events(Client):
    """A client of server-sent events, as a browser's EventSource is one."""

    answer: requests.Response | None = None

    def follow(self) -> None:
        url = f"http://{HOST}:{self.world.live_port}/events/stream?stream={self.world.stream}"
        headers = {**self.world.bearer, "Last-Event-ID": str(self.position)}
        with requests.get(url, headers=headers, stream=True, timeout=PATIENCE) as self.answer:
            self.answer.raise_for_status()
            for line in self.answer.iter_lines(chunk_size=None):
                if self.over.is_set():
                    return
                if line.startswith(b"data: ") and b'"seq"' in line:
                    self.take(json.loads(line[6:]))

    def cut(self) -> None:
        line = self.answer and getattr(self.answer.raw, "connection", None)
        if line and line.sock:
            with suppress(OSError):
                line.sock.shutdown(2)


def rest(world: World) -> list[dict[str, Any]]:
    """Read the whole stream by REST, page by page."""
    found: list[dict[str, Any]] = []
    while True:
        after = found[-1]["seq"] if found else 0
        page = world.api("GET", f"events/?stream={world.stream}&after={after}").json()
        if not page["results"]:
            return found
        found += page["results"]
