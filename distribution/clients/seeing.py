"""One look at the public page of a posting."""

from collections.abc import Collection
from urllib.parse import urlsplit

import requests

from distribution.rules.seeing import Page
from jobly import http

TIMEOUT = 10.0  # seconds
MAX_BYTES = 4 << 20


def look(url: str, *, known: Collection[str] = ()) -> Page:
    """Ask for an address once, without following anywhere and without telling who asks for what.

    `known`: origins that an operator configured, which need not be public; all others are asked
    by the way out for addresses that people and boards supply.
    """
    try:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        with _way(origin, known) as session:
            answer = session.get(url, allow_redirects=False)
    except (requests.RequestException, ValueError) as exc:
        return Page(0, failed=" ".join(str(exc).split())[:150] or "no answer")
    return Page(answer.status_code, answer.headers.get("Location", ""), answer.content)


def _way(origin: str, known: Collection[str]) -> http.Session:
    if origin in known:
        return http.configured(origin, timeout=TIMEOUT, max_bytes=MAX_BYTES)
    return http.outside(timeout=TIMEOUT, max_bytes=MAX_BYTES)
