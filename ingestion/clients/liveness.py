"""One look at a posting: at its board's API, or at its own page."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from jobly import http

MAX_BYTES = 4 << 20
LIST_BYTES = 32 << 20  # of all postings of a board with their texts
TIMEOUT = 15.0  # seconds
LIST_TIMEOUT = 30.0  # Ashby takes its time


@dataclass(frozen=True, slots=True)
class Look:
    """What an address answered; status 0 = nothing."""

    status: int
    location: str = ""
    body: bytes = b""


def look(
    url: str, *, agent: str, private: frozenset[str] = frozenset(), is_list: bool = False
) -> Look:
    """Ask for an address once, without following anywhere.

    `private`: origins that the operator named, which need not be public. `is_list`: a whole board
    may come, which is large and slow.
    """
    try:
        with way(url, private, is_list=is_list) as session:
            answer = session.get(url, headers={"User-Agent": agent}, allow_redirects=False)
    except requests.RequestException:
        return Look(0)
    return Look(answer.status_code, answer.headers.get("Location", ""), answer.content)


def way(url: str, private: frozenset[str], *, is_list: bool = False) -> http.Session:
    """Open the way out to an address of a posting."""
    timeout = LIST_TIMEOUT if is_list else TIMEOUT
    most = LIST_BYTES if is_list else MAX_BYTES
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    if origin in private:
        return http.configured(origin, timeout=timeout, max_bytes=most)
    return http.outside(timeout=timeout, max_bytes=most)
