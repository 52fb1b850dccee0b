"""Many calls side by side to base URLs of operators, for a quarter of the work of threads.

The calls are made by an event loop in a thread of its own; whoever asks goes on meanwhile and gets
what `configured` would have given: a plain `requests.Response`, or an exception of requests. The
same bounds hold: that origin only, no redirect, a total deadline, a byte cap, no proxies.
"""

import asyncio
import threading
from base64 import b64encode
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import aiohttp
import orjson
import requests
from aiohttp import ClientError, ClientTimeout, TCPConnector

from . import MAX_BYTES, USER_AGENT, AddressRefused, AnswerTooLarge, base_of
from .connections import PIECE

KEEP_ALIVE = 2.0  # seconds; a board that closes idle lines must not do so under a new call
MOST_LINES = 512  # of all boards together


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it would be given to a session of `configured(origin, timeout=…)`."""

    origin: str
    method: str
    target: str
    timeout: float
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)


class Unreached(requests.ConnectTimeout):
    """No connection came about, so that nothing was sent."""


class Crowd:
    """A loop that makes calls; use it as a context. At its end what still runs is broken off."""

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="crowd", daemon=True)
        self._session: aiohttp.ClientSession

    def __enter__(self) -> "Crowd":
        self._thread.start()
        self._session = self._here(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self._here(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def ask(self, call: Call) -> Future[requests.Response]:
        """Begin a call; the future has its answer, or what requests would have raised."""
        return asyncio.run_coroutine_threadsafe(self._ask(call), self._loop)

    def _here(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _open(self) -> aiohttp.ClientSession:
        lines = TCPConnector(limit=MOST_LINES, keepalive_timeout=KEEP_ALIVE, use_dns_cache=False)
        return aiohttp.ClientSession(
            connector=lines,
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip, deflate"},
            cookie_jar=aiohttp.DummyCookieJar(),
            raise_for_status=False,
        )

    async def _close(self) -> None:
        mine = asyncio.current_task()
        running = [task for task in asyncio.all_tasks() if task is not mine]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self._session.close()

    async def _ask(self, call: Call) -> requests.Response:
        """Make one call. Raises: what a session of `configured` raises."""
        base, why_not = base_of(call.origin)
        url = base + call.target if call.target.startswith("/") else call.target
        request = requests.PreparedRequest()
        request.url = url
        if why := why_not(url):
            raise AddressRefused(why, request=request)
        # no call is begun twice: aiohttp repeats idempotent ones on a line that was closed
        timeout = ClientTimeout(total=call.timeout, sock_connect=call.timeout)
        try:
            async with self._session.request(
                call.method, url, timeout=timeout, allow_redirects=False, **_told(call.options)
            ) as answer:
                return await self._read(answer)
        except AnswerTooLarge as exc:
            exc.request = request
            raise
        except (ClientError, OSError, ValueError) as exc:
            raise _translated(exc, request) from exc

    async def _read(self, answer: aiohttp.ClientResponse) -> requests.Response:
        body = bytearray()
        async for piece in answer.content.iter_chunked(PIECE):
            body += piece
            if len(body) > self._max_bytes:
                raise AnswerTooLarge(f"more than {self._max_bytes} bytes")
        given = requests.Response()
        given.status_code = answer.status
        given.reason = answer.reason or ""
        given.url = str(answer.url)
        for name, value in answer.headers.items():
            known = given.headers.get(name)
            given.headers[name] = f"{known}, {value}" if known else value
        given._content = bytes(body)  # noqa: SLF001 # what requests does itself
        given._content_consumed = True  # type: ignore[attr-defined] # noqa: SLF001
        return given


def _told(options: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the options of requests that clients use into those of aiohttp."""
    told = {name: value for name, value in options.items() if value is not None}
    headers = dict(told.pop("headers", None) or {})
    if "json" in told:
        headers["Content-Type"] = "application/json"
        told["data"] = orjson.dumps(told.pop("json"), default=_plain)
    if "params" in told:
        told["params"] = [pair for item in told["params"].items() for pair in _pairs(*item)]
    if "auth" in told:
        pair = ":".join(told.pop("auth")).encode("latin-1")  # as requests does
        headers["Authorization"] = f"Basic {b64encode(pair).decode()}"
    return told | {"headers": headers}


def _pairs(name: str, value: Any) -> list[tuple[str, str]]:
    return [(name, str(one)) for one in (value if isinstance(value, list | tuple) else [value])]


def _plain(value: Any) -> Any:
    """Say a mapping that is no dict as one. Raises: TypeError."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError


def _translated(
    exc: ClientError | OSError | ValueError, request: requests.PreparedRequest
) -> requests.RequestException:
    """Say a failure as requests says it, so that `classify` decides alike for both."""
    kind = next((ours for theirs, ours in FAILURES if isinstance(exc, theirs)), None)
    return (kind or requests.ConnectionError)(str(exc) or type(exc).__name__, request=request)


FAILURES: tuple[tuple[type[BaseException], Any], ...] = (
    (aiohttp.ClientConnectorError, Unreached),
    (aiohttp.ConnectionTimeoutError, Unreached),
    (aiohttp.InvalidURL, requests.exceptions.InvalidURL),
    (TimeoutError, requests.ReadTimeout),
    (aiohttp.ContentTypeError, requests.ConnectionError),
    (aiohttp.ClientPayloadError, partial(requests.exceptions.ChunkedEncodingError)),
    (aiohttp.ClientError, requests.ConnectionError),
    (OSError, requests.ConnectionError),
    (ValueError, requests.exceptions.InvalidHeader),
)
