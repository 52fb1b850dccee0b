"""What the practice boards show: the one kind of board that lists everything it carries."""

from dataclasses import dataclass

import requests

from jobly import http
from jobly.errors import Rejected, Unavailable

TIMEOUT = 20.0  # seconds
MAX_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Shown:
    """One posting that a board carries, in sight or not yet."""

    external_id: str
    post_id: str
    url: str


def shown_by(origin: str, board: str) -> list[Shown]:
    """List what a practice board carries, oldest first.

    Raises: Unavailable, Rejected.
    """
    try:
        with http.configured(origin, timeout=TIMEOUT, max_bytes=MAX_BYTES) as session:
            answer = session.get("/live", params={"board": board})
            if error := http.classify(answer, idempotent=True):
                raise error
            posts = http.object_of(answer)["posts"]
    except (requests.RequestException, KeyError) as exc:
        raise Unavailable(f"The practice board {board} did not list its postings.") from exc
    if not isinstance(posts, list):
        raise Rejected(f"The practice board {board} listed something else than postings.")
    return [Shown(str(p["external_id"]), str(p["post_id"]), str(p["url"])) for p in posts]
