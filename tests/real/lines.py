"""Single live connections that a test opens and looks at: polite ones, and raw ones."""

import base64
import json
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from jobly.embedded.instance import HOST

from .ground import ROOT
from .world import Process, World

SMALL = 4096  # bytes that the kernel keeps for a client which does not read
KILOBYTE = 1024
ESTABLISHED = "01"  # in the kernel's table of connections


@dataclass
class Heard:
    """What one connection brought: items, and how it ended (a status, a close code, or None)."""

    items: list[dict[str, Any]] = field(default_factory=list)
    ended: int | None = None
    code: str = ""


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@contextmanager
def websocket(world: World, **headers: str) -> Iterator[ClientConnection]:
    """Open a websocket with the recruiter's key, or with these headers instead."""
    url = f"ws://{HOST}:{world.live_port}/ws/events/"
    given = headers or world.bearer
    with connect(url, additional_headers=given, close_timeout=1, max_size=None) as line:
        yield line


def resume(line: ClientConnection, stream: Any, seq: Any) -> None:
    line.send(json.dumps({"resume": {"stream": stream, "seq": seq}}))


def listen(line: ClientConnection, *, most: int = 10_000, silence: float = 0.5) -> Heard:
    """Take what comes, unacknowledged, until enough, silence or the end."""
    heard = Heard()
    try:
        while len(heard.items) < most:
            heard.items.append(json.loads(line.recv(timeout=silence)))
    except TimeoutError:
        pass
    except ConnectionClosed as closed:
        heard.ended = closed.rcvd.code if closed.rcvd else 1006
    return heard


@contextmanager
def events(
    world: World, stream: Any = None, place: Any = None, **headers: str
) -> Iterator[requests.Response]:
    """Open a stream of server-sent events."""
    asked = {} if stream is None else {"stream": stream}
    given = headers or dict(world.bearer)
    if place is not None:
        given["Last-Event-ID"] = str(place).encode("latin-1", "replace").decode("latin-1")
    url = f"http://{HOST}:{world.live_port}/events/stream"
    with requests.get(url, params=asked, headers=given, stream=True, timeout=20) as answer:
        yield answer


def read(answer: requests.Response, *, most: int = 10_000, silence: float = 0.5) -> Heard:
    """Take items from an open response until enough, silence or the end."""
    if answer.status_code != 200:
        return Heard(ended=answer.status_code, code=answer.json()["code"])
    heard = Heard()
    if answer.raw.connection is not None and answer.raw.connection.sock is not None:
        answer.raw.connection.sock.settimeout(silence)  # else it has all come already
    kind = ""
    try:
        for line in answer.iter_lines(chunk_size=None):
            if line.startswith(b"event: "):
                kind = line[7:].decode()
            elif line.startswith(b"data: "):
                heard.items.append({"type": kind} | json.loads(line[6:]))
            if len(heard.items) >= most:
                return heard
        heard.ended = 200
    except (requests.RequestException, TimeoutError):
        pass
    return heard


def raw(world: World, request: str, *, small: bool = False) -> socket.socket:
    """Send these bytes as a client that never reads, or reads as it likes."""
    line = socket.socket()
    if small:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
    line.connect((HOST, world.live_port))
    line.sendall(request.encode())
    return line


def head(world: World, path: str, key: str, **more: str) -> str:
    """Write the head of a request."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {HOST}:{world.live_port}"]
    lines += [f"Authorization: Bearer {key}", *(f"{n}: {v}" for n, v in more.items())]
    return "\r\n".join(lines) + "\r\n\r\n"


def deaf_events(world: World, key: str) -> socket.socket:
    """Ask for a whole stream by server-sent events and never read."""
    path = f"/events/stream?stream={world.stream}&last_event_id=0"
    return raw(world, head(world, path, key), small=True)


def deaf_socket(world: World, key: str) -> socket.socket:
    """Ask for a whole stream by websocket and never read nor acknowledge."""
    secret = base64.b64encode(os.urandom(16)).decode()
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade"}
    upgrade |= {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": secret}
    line = raw(world, head(world, "/ws/events/", key, **upgrade), small=True)
    line.settimeout(10)
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += line.recv(1)
    payload = json.dumps({"resume": {"stream": world.stream, "seq": 0}}).encode()
    line.sendall(struct.pack("!BBI", 0x81, 0x80 | len(payload), 0) + payload)
    return line


def connections(world: World) -> int:
    """Count the live server's connections, as the kernel sees them."""
    return len(_server_side(world))


def unsent(world: World) -> int:
    """Return how many bytes the kernel holds for clients of the live server."""
    return sum(int(row[4].partition(":")[0], 16) for row in _server_side(world))


def _server_side(world: World) -> list[list[str]]:
    port = f":{world.live_port:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
    return [row for row in rows if row[1].endswith(port) and row[3] == ESTABLISHED]


def resident(process: Process) -> int:
    """Return the memory a program holds at this moment, in bytes."""
    lines = Path(f"/proc/{process.child.pid}/status").read_text().splitlines()
    return KILOBYTE * next(int(x.split()[1]) for x in lines if x.startswith("VmRSS:"))


def tell(world: World, **options: Any) -> dict[str, int]:
    """Have the companies told something; return how much was told on each stream."""
    told = answer(beside(world, "write", **options))
    assert isinstance(told, dict)
    return told


def beside(
    world: World, what: str, *, piped: bool = False, **options: Any
) -> "subprocess.Popen[str]":
    """Start `tests.real.telling` in this world; `answer` gives what it says."""
    source = subprocess.PIPE if piped else subprocess.DEVNULL
    arguments = [f"--{name}={value}" for name, value in options.items() if value is not True]
    arguments += [f"--{name}" for name, value in options.items() if value is True]
    command = [sys.executable, "-m", "tests.real.telling", what, *arguments]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=world.environment,
        stdin=source,
        stdout=subprocess.PIPE,
        text=True,
    )


def answer(program: "subprocess.Popen[str]") -> Any:
    said, _ = program.communicate(timeout=120)
    assert program.returncode == 0, program.args
    return json.loads(said)
