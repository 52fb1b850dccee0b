"""What a site's robots.txt lets us do. Source: RFC 9309; Crawl-delay is a custom beside it."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache

from protego import Protego

MOST_BYTES = 512 * 1024  # parsed of a file; RFC 9309 §2.5 asks for 500 KiB at least
KEPT = timedelta(hours=24)  # RFC 9309 §2.4: no copy is used for longer
KEPT_CLOSED = timedelta(minutes=30)  # a site that was unwell is asked again sooner
MOST_REDIRECTS = 5
LONGEST_DELAY = timedelta(hours=1)  # what a site may ask for between two requests
CLIENT_ERROR, SERVER_ERROR, SUCCESS, MOVED = 400, 500, 200, 300


class State(StrEnum):
    """What asking for the file came to: `open` there is none, `rules` it was read, `closed`."""

    OPEN = "open"
    RULES = "rules"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Robots:
    """A site's answer, as kept: `text` is the file where there is one."""

    state: State
    text: str = ""

    def allows(self, url: str, agent: str) -> bool:
        """Whether the product token `agent` may fetch the URL."""
        if self.state is State.RULES:
            return _parsed(self.text).can_fetch(url, agent)
        return self.state is State.OPEN

    def gap(self, agent: str) -> timedelta:
        """Return the pause the site asks for between two requests; zero when it asks for none."""
        if self.state is not State.RULES:
            return timedelta()
        rules = _parsed(self.text)
        asked = rules.crawl_delay(agent) or 0.0
        if rate := rules.request_rate(agent):
            asked = max(asked, rate.seconds / max(1, rate.requests))
        return min(timedelta(seconds=min(max(0.0, asked), 1e6)), LONGEST_DELAY)

    def sitemaps(self) -> tuple[str, ...]:
        """Return the addresses of the sitemaps the file names."""
        return tuple(_parsed(self.text).sitemaps) if self.state is State.RULES else ()


def state_of(status: int | None) -> State:
    """Say what a status means for the site; None = it could not be reached.

    RFC 9309 §2.3.1: unavailable (4xx) allows all, unreachable (5xx and failures) nothing. What is
    neither, such as redirects without end, is taken for unreachable.
    """
    if status is None or status >= SERVER_ERROR or MOVED <= status < CLIENT_ERROR:
        return State.CLOSED
    return State.RULES if SUCCESS <= status < MOVED else State.OPEN


def text_of(body: bytes) -> str:
    """Decode what is parsed of a file: its first 512 KiB, and no half line at their end."""
    cut = body[:MOST_BYTES]
    if len(body) > MOST_BYTES:
        cut = cut[: cut.rfind(b"\n") + 1] or cut
    return cut.decode("utf-8-sig", "replace").replace("\x00", "")


@lru_cache(maxsize=8)
def _parsed(text: str) -> Protego:
    return Protego.parse(text)
