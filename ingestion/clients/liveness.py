"""One look at a posting: at its board's API, or at its own page."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from jobly import http

MAX_BYTES = 4 << 20
TIMEOUT = 15.0  # seconds


@dataclass(frozen=True, slots=True)
class Look:
    """What an address answered; status 0 = nothing."""

    status: int
    location: str = ""
    body: bytes = b""


def look(url: str, *, agent: str, private: frozenset[str] = frozenset()) -> Look:
    """Ask for an address once, without following anywhere.

    `private`: origins that the operator named, which need not be public.
    """
    try:
        with way(url, private) as session:
            answer = session.get(url, headers={"User-Agent": agent}, allow_redirects=False)
    except requests.RequestException:
        return Look(0)
    return Look(answer.status_code, answer.headers.get("Location", ""), answer.content)


def way(url: str, private: frozenset[str]) -> http.Session:
    """Open the way out to an address of a posting."""
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    if origin in private:
        return http.configured(origin, timeout=TIMEOUT, max_bytes=MAX_BYTES)
    return http.outside(timeout=TIMEOUT, max_bytes=MAX_BYTES)
