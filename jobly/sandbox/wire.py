"""HTTP/1.1 over asyncio: read requests, write answers; hold, cut, slow or flood them if told to.

One event loop serves every connection, so a held answer costs a timer and never a thread.
"""

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import parse_qs, unquote

#: Longest request line plus headers, in bytes.
HEAD_LIMIT = 64 << 10
#: Largest request body, in bytes: a full LinkedIn batch of the longest descriptions fits.
BODY_LIMIT = 32 << 20
#: Seconds an idle connection stays open; long, so that a client's pool never meets a closing one.
IDLE = 600.0
#: Seconds a request may take to arrive once its head is there.
PATIENCE = 60.0
CHUNK = 64 << 10
REQUEST_LINE = re.compile(r"(?P<method>[A-Z]+) (?P<target>/\S*) (?P<version>HTTP/1\.\d)")
HEX = re.compile(rb"[0-9A-Fa-f]{1,8}")


@dataclass(frozen=True, slots=True)
class Request:
    """One request; header names are lower case, the path is decoded and without query."""

    method: str
    path: str
    raw_query: str
    headers: Mapping[str, str]
    body: bytes
    peer: str

    def query(self, name: str) -> list[str]:
        """Return every value of a query parameter, in order."""
        return parse_qs(self.raw_query, keep_blank_values=True).get(name, [])

    def form(self) -> dict[str, str]:
        """Return the fields of a form body; the last one wins."""
        fields = parse_qs(self.body.decode("utf-8", "replace"), keep_blank_values=True)
        return {name: values[-1] for name, values in fields.items()}


@dataclass(frozen=True, slots=True)
class Trouble:
    """What happens to an answer on its way back."""

    kind: Literal["hold", "cut", "delay", "flood"]
    seconds: float = 0.0
    size: int = 0  #: bytes of a flood
    pace: int = 0  #: bytes per second of a slow body; 0 sends it at once


@dataclass(frozen=True, slots=True)
class Response:
    """One answer, and the trouble it runs into."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    trouble: Trouble | None = field(default=None)


class Refused(Exception):
    """A request that ends here, with the answer it gets."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def as_json(status: int, value: Any, *headers: tuple[str, str]) -> Response:
    """Build a JSON answer."""
    return Response(status, json.dumps(value, ensure_ascii=False).encode(), headers=headers)


async def converse(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    answer: Callable[[Request], Response],
) -> None:
    """Serve one connection until either side has had enough."""
    peer = str((writer.get_extra_info("peername") or ("",))[0])
    try:
        while await _exchange(reader, writer, peer, answer):
            pass
    except (OSError, asyncio.IncompleteReadError, TimeoutError):
        pass  # the client went away, or never finished its request
    except asyncio.CancelledError:
        pass  # the program ends; asyncio would print a traceback for every open connection
    finally:
        writer.close()


async def _exchange(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    peer: str,
    answer: Callable[[Request], Response],
) -> bool:
    """Read one request and answer it; return whether the connection lives on."""
    try:
        async with asyncio.timeout(IDLE):
            head = await reader.readuntil(b"\r\n\r\n")
        method, target, version, headers = _parse_head(head)
        async with asyncio.timeout(PATIENCE):
            body = await _read_body(reader, writer, headers)
    except asyncio.LimitOverrunError:
        await _send(reader, writer, as_json(431, {"error": "header too large"}), last=True)
        return False
    except Refused as refused:
        await _send(reader, writer, refused.response, last=True)
        return False
    path, _, query = target.partition("?")
    request = Request(method, unquote(path), query, headers, body, peer)
    connection = headers.get("connection", "").lower()
    last = "close" in connection or (version == "HTTP/1.0" and "keep-alive" not in connection)
    response = answer(request)
    return await _send(reader, writer, response, last=last, bodiless=method == "HEAD")


def _parse_head(head: bytes) -> tuple[str, str, str, dict[str, str]]:
    lines = head.decode("latin-1").lstrip("\r\n").split("\r\n")
    first = REQUEST_LINE.fullmatch(lines[0])
    if first is None:
        raise Refused(as_json(400, {"error": "malformed request line"}))
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
        elif line:
            raise Refused(as_json(400, {"error": "malformed header"}))
    return first["method"], first["target"], first["version"], headers


async def _read_body(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, headers: Mapping[str, str]
) -> bytes:
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return await _read_chunks(reader)
    length = headers.get("content-length", "0")
    if not length.isdecimal():
        raise Refused(as_json(400, {"error": "malformed Content-Length"}))
    if int(length) > BODY_LIMIT:
        raise Refused(as_json(413, {"error": "body too large"}))
    return await reader.readexactly(int(length)) if int(length) else b""


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while True:
        size = (await reader.readuntil(b"\r\n")).split(b";")[0].strip()
        if not HEX.fullmatch(size):
            raise Refused(as_json(400, {"error": "malformed chunk"}))
        if len(body) + int(size, 16) > BODY_LIMIT:
            raise Refused(as_json(413, {"error": "body too large"}))
        if not int(size, 16):
            break
        body += await reader.readexactly(int(size, 16))
        await reader.readexactly(2)
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass  # trailers say nothing to us
    return bytes(body)


async def _send(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    response: Response,
    *,
    last: bool,
    bodiless: bool = False,
) -> bool:
    """Write an answer through its trouble; return whether the connection lives on."""
    trouble = response.trouble or Trouble("delay")
    if trouble.kind == "hold":
        await _hold(reader, trouble.seconds)
        return False
    if trouble.kind == "flood":
        await _flood(writer, trouble.size)
        return False
    await asyncio.sleep(trouble.seconds) if trouble.seconds else None
    body = b"" if bodiless else response.body
    if trouble.kind == "cut":
        writer.write(_head(response, last=last) + body[: len(body) // 2])
        await writer.drain()
        return False
    if trouble.pace:
        writer.write(_head(response, last=last))
        await _drip(writer, body, trouble.pace)
    else:
        writer.write(_head(response, last=last) + body)
        await writer.drain()
    return not last


def _head(response: Response, *, last: bool, length: int | None = None) -> bytes:
    phrase = HTTPStatus(response.status).phrase
    size = len(response.body) if length is None else length
    lines = [f"HTTP/1.1 {response.status} {phrase}", f"Content-Type: {response.content_type}"]
    if response.status != HTTPStatus.NO_CONTENT:
        lines.append(f"Content-Length: {size}")
    lines += [f"{name}: {value}" for name, value in response.headers]
    lines.append("Connection: close" if last else "Connection: keep-alive")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


async def _hold(reader: asyncio.StreamReader, seconds: float) -> None:
    """Say nothing until the client hangs up or the time is over."""
    try:
        async with asyncio.timeout(seconds):
            while await reader.read(CHUNK):
                pass
    except TimeoutError:
        pass


async def _drip(writer: asyncio.StreamWriter, body: bytes, pace: int) -> None:
    for start in range(0, len(body), pace):
        writer.write(body[start : start + pace])
        await writer.drain()
        await asyncio.sleep(1.0)


async def _flood(writer: asyncio.StreamWriter, size: int) -> None:
    """Stream a JSON text without end in sight and without saying how long it is."""
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    )
    piece = b'{"padding":"' + b"x" * CHUNK
    for _ in range(max(1, size // CHUNK)):
        writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        await writer.drain()
        piece = b"x" * CHUNK
    writer.write(b'2\r\n"}\r\n0\r\n\r\n')
    await writer.drain()
