"""Asking a site for its robots.txt, and nothing else of it."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import requests

from ingestion.rules.robots import MOST_BYTES, MOST_REDIRECTS, State, state_of, text_of

Send = Callable[[str], requests.Response]
TOO_MANY_REQUESTS = 429
MOVED, CLIENT_ERROR = 300, 400


@dataclass(frozen=True, slots=True)
class Answer:
    """What asking came to; `status` is None when no answer came."""

    state: State
    status: int | None
    text: str = ""


def fetch(origin: str, send: Send) -> Answer:
    """Ask an origin for its rules, following at most five redirects wherever they lead.

    `send` makes one request without following, and may raise what stops the walk. What fails, or
    asks for a pause, closes the site.
    """
    url = f"{origin}/robots.txt"
    for _ in range(MOST_REDIRECTS + 1):
        try:
            response = send(url)
        except requests.RequestException:
            return Answer(State.CLOSED, None)
        status, target = response.status_code, response.headers.get("Location", "")
        if not (MOVED <= status < CLIENT_ERROR and target):
            return _read(response)
        url = urljoin(url, target)
        if urlsplit(url).scheme not in {"http", "https"}:
            break
    return Answer(State.CLOSED, None)


def _read(response: requests.Response) -> Answer:
    status = response.status_code
    if status == TOO_MANY_REQUESTS:
        return Answer(State.CLOSED, status)
    state = state_of(status)
    text = text_of(response.content[: MOST_BYTES + 1]) if state is State.RULES else ""
    return Answer(state, status, text)
