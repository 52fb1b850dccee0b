"""Connections that keep a total deadline, a byte cap and to allowed addresses."""

import http.client
import io
import socket
import ssl
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import partial
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3 import exceptions as low
from urllib3.connection import HTTPConnection, HTTPSConnection

from .addresses import Address, Allow, Resolve, look_up, parse

HEAD_BYTES = 256 << 10  # read beside the body; http.client takes no longer heads
PIECE = 16 << 10  # bytes sent, or taken from the decoder, between two looks at the clock
deadline: ContextVar[float] = ContextVar("deadline", default=0.0)  # monotonic; 0 = no call runs


class AddressRefused(requests.exceptions.InvalidURL):
    """The address is not one this way out may go to; nothing was sent."""


class RedirectRefused(requests.exceptions.TooManyRedirects):
    """The answer pointed somewhere this way out may not go; the first request was sent."""


class AnswerTooLarge(requests.RequestException):
    """The body passed the byte cap, compressed or not; reading stopped there."""


class _TooMuch(Exception):
    """Carry the end of patience through urllib3 when a packed body is all wrapping."""


class _Refused(Exception):
    """Carry a refusal through urllib3, which would wrap any kind of OSError."""


@dataclass(frozen=True, slots=True)
class Door:
    """What one way out permits: `check` says why a URL may not be asked, or nothing.

    Through a `proxy`, an operator's own, the names asked for are still looked up and checked here.
    """

    timeout: float
    max_bytes: int
    check: Callable[[str], str]
    resolve: Resolve
    allow: Allow
    proxy: str = ""


def _left() -> float:
    """Return the seconds left of the running call. Raises: TimeoutError when there are none."""
    left = deadline.get() - time.monotonic()
    if left <= 0:
        raise TimeoutError("the total deadline passed")
    return left


class Adapter(HTTPAdapter):
    """Make connections by the door's rules and read each body within its bounds."""

    def __init__(self, door: Door) -> None:
        self._door = door
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Give every pool connections that know the door."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _pools(self._door)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Give the pools of the operator's proxy the same connections; it may stand anywhere."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        anywhere = replace(self._door, resolve=look_up, allow=lambda _: True)
        manager.pool_classes_by_scheme = _pools(anywhere)
        return manager

    def send(self, request: requests.PreparedRequest, *_: Any, **kwargs: Any) -> requests.Response:
        """Send one request and read the whole body."""
        kwargs |= {"stream": True, "timeout": _left(), "proxies": self._proxies(request)}
        try:
            response = super().send(request, **kwargs)
        except _Refused as exc:
            raise AddressRefused(str(exc), request=request) from exc
        except _TooMuch as exc:
            raise AnswerTooLarge(str(exc), request=request) from exc
        except low.HTTPError as exc:
            raise requests.ConnectionError(exc, request=request) from exc
        try:
            body = self._read(response)
        except _TooMuch as exc:
            response.close()
            raise AnswerTooLarge(str(exc), response=response) from exc
        except BaseException:
            response.close()
            raise
        response._content = body  # noqa: SLF001 # what requests does itself when not streaming
        response._content_consumed = True  # type: ignore[attr-defined] # noqa: SLF001
        return response

    def _proxies(self, request: requests.PreparedRequest) -> dict[str, str] | None:
        """Return the proxy to go through. Raises: AddressRefused when the target may not be."""
        if not self._door.proxy:
            return None
        target = urlsplit(request.url or "")
        host, port = target.hostname or "", target.port or (443 if target.scheme == "https" else 80)
        try:
            found = [parse(a) for a in _within_deadline(partial(self._door.resolve, host, port))]
        except (OSError, UnicodeError) as exc:
            raise requests.ConnectTimeout("name not found", request=request) from exc
        if not found or not all(a is not None and self._door.allow(a) for a in found):
            raise AddressRefused(f"{host} is not a public address.", request=request)
        return dict.fromkeys(("http", "https"), self._door.proxy)

    def _read(self, response: requests.Response) -> bytes:
        """Read and decompress the body. Raises: AnswerTooLarge, and what requests raises."""
        cap = self._door.max_bytes
        body = bytearray()
        try:
            for piece in response.raw.stream(PIECE, decode_content=True):
                body += piece
                if len(body) > cap:
                    raise AnswerTooLarge(f"more than {cap} bytes", response=response)
        except low.ReadTimeoutError as exc:
            raise requests.ReadTimeout(exc, response=response) from exc
        except low.DecodeError as exc:
            raise requests.exceptions.ContentDecodingError(exc, response=response) from exc
        except (low.HTTPError, OSError) as exc:
            if isinstance(exc, requests.RequestException):
                raise
            raise requests.exceptions.ChunkedEncodingError(exc, response=response) from exc
        return bytes(body)


def _pools(door: Door) -> dict[str, Any]:
    """Return how pools of connections are made for this door, by scheme."""
    return {
        "http": partial(_pool, door, HTTPConnectionPool, _Plain),
        "https": partial(_pool, door, HTTPSConnectionPool, _Secure),
    }


def _pool(
    door: Door,
    kind: type[HTTPConnectionPool],
    connection: type[HTTPConnection],
    *args: Any,
    **kw: Any,
) -> HTTPConnectionPool:
    """Make a connection pool whose connections know the door."""
    pool = kind(*args, **kw)
    pool.ConnectionCls = partial(connection, door)  # type: ignore[arg-type,assignment] # only ever called
    return pool


class _Clocked(io.RawIOBase):
    """The reading end of a socket: what is left of the deadline, and of so many bytes, no more."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, most: int) -> None:
        self._raw = raw
        self._sock = sock
        self._most = most

    def readable(self) -> bool:
        """Say yes, as the buffered reader asks."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what is there."""
        self._sock.settimeout(_left())
        count = self._raw.readinto(buffer)
        self._most -= count or 0
        if self._most < 0:
            raise _TooMuch("The answer is longer than it may be.")
        return count

    def close(self) -> None:
        """Let the socket go."""
        if not self.closed:
            super().close()
            self._raw.close()


class _Answer(http.client.HTTPResponse):
    """An answer whose head and body are read against the deadline: 1 byte a second ends too."""

    def __init__(self, most: int, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Clocked(self.fp.detach(), sock, most))


class _Plain(HTTPConnection):
    """A connection to an address the door allows, of a name that is looked up once."""

    def __init__(self, door: Door, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._door = door
        # twice: small chunks and useless compression make a body longer on the wire
        self.response_class = partial(  # type: ignore[assignment] # only ever called
            _Answer, HEAD_BYTES + 2 * door.max_bytes
        )

    def _new_conn(self) -> socket.socket:
        """Connect; urllib3 keeps the name for Host, for SNI and for the certificate."""
        try:
            found = _within_deadline(partial(self._door.resolve, self._dns_host, self.port))
        except TimeoutError as exc:
            raise low.ConnectTimeoutError(self, "name not looked up in time") from exc
        except (OSError, UnicodeError) as exc:
            reason = socket.gaierror(socket.EAI_NONAME, "name not found")
            raise low.NameResolutionError(self.host, self, reason) from exc
        addresses = [a for a in map(parse, found) if a is not None and self._door.allow(a)]
        if not addresses:
            raise _Refused(f"{self.host} is not a public address.")
        return self._dial(addresses)

    def _dial(self, addresses: list[Address]) -> socket.socket:
        """Try each address with its share of what is left of the deadline."""
        problem: OSError | None = None
        for behind in range(len(addresses), 0, -1):
            target = (str(addresses[-behind]), self.port)
            try:
                sock = socket.create_connection(target, timeout=_left() / behind)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.settimeout(_left())  # for the TLS handshake
            except OSError as exc:
                problem = exc
            else:
                return sock
        if isinstance(problem, TimeoutError):
            raise low.ConnectTimeoutError(self, "no connection in time") from problem
        raise low.NewConnectionError(self, "connection refused") from problem

    def send(self, data: Any) -> None:
        """Send in pieces, so that a peer that reads slowly meets the deadline."""
        view = memoryview(data)
        for start in range(0, len(view), PIECE):
            if self.sock is not None:
                self.sock.settimeout(_left())
            super().send(view[start : start + PIECE])


class _Secure(_Plain, HTTPSConnection):
    """The same with TLS: certificate and SNI are the name's, whatever the address."""


def _within_deadline(ask: Callable[[], list[str]]) -> list[str]:
    """Run a look-up, which nothing can interrupt, in a thread, and wait as long as is left."""
    answer: Future[list[str]] = Future()

    def run() -> None:
        try:
            answer.set_result(ask())
        except (OSError, UnicodeError) as exc:
            answer.set_exception(exc)

    Thread(target=run, name="look-up", daemon=True).start()
    return answer.result(timeout=_left())


def was_never_sent(problem: requests.RequestException) -> bool:
    """Whether a call surely failed before its request left: no name, no connection, no trust."""
    if isinstance(problem, requests.ConnectTimeout):
        return True
    cause = problem.args[0] if problem.args else None
    reason = getattr(cause, "reason", None)
    if isinstance(reason, low.SSLError) and reason.args:
        return isinstance(reason.args[0], ssl.SSLCertVerificationError)
    unreached = low.NewConnectionError | low.ConnectTimeoutError | low.ProxyError
    return isinstance(reason, unreached)
