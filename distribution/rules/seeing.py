"""What a posting's public page proves: that the job is there, that it is gone, or nothing."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from ingestion.errors import FileRefused
from ingestion.rules.liveness import of_page
from ingestion.rules.readers.limits import LIMITS
from ingestion.rules.readers.pages import job_postings, parsed
from ingestion.rules.texts import comparable

from .answers import Seen

Verdict = Literal["live", "gone", "unsure"]
READ: Mapping[str, Verdict] = {"alive": "live", "gone": "gone", "uncertain": "unsure"}
OF_BOARD: Mapping[str, Verdict] = {"live": "live", "absent": "gone", "refused": "gone"}
OK = 200
WORDS = 200  # characters of a reason


@dataclass(frozen=True, slots=True)
class Page:
    """What an address answered; status 0 = nothing, for the reason in `failed`."""

    status: int
    location: str = ""
    body: bytes = b""
    failed: str = ""


@dataclass(frozen=True, slots=True)
class Sight:
    """What a look came to, why in a few words, and what was read; where, and with which status.

    `refused`: the words with which the board turned down what it had taken.
    """

    verdict: Verdict
    why: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    way: Literal["page", "board"] = "page"
    url: str = ""
    status: int = 0
    refused: str = ""


def of_public_page(page: Page, *, title: str, ids: Collection[str], now: datetime) -> Sight:
    """Read the public page of a posting that is known by its title and by some ids.

    JobPosting data that names one of our ids proves most, then the title; another posting at the
    same address, a login or a wall proves nothing.
    """
    if not page.status:
        return Sight("unsure", f"its page could not be read: {page.failed}"[:WORDS])
    said = {"status": page.status, "location": page.location[:500]}
    named = _postings(page) if page.status == OK else []
    for posting in named:
        if found := _names(posting) & set(ids):
            finding = of_page(page.status, page.location, page.body, title, now)
            if finding.verdict == "gone":
                return Sight("gone", finding.why[:WORDS], said)
            words = f"its page carries our id {min(found)}"
            return Sight("live", words[:WORDS], {**said, "identifier": min(found)})
    finding = of_page(page.status, page.location, page.body, title, now)
    if finding.verdict == "alive" and named and not _titled(named, title):
        other = str(named[0].get("title", ""))[:100]
        return Sight("unsure", f"its page shows another job: {other}"[:WORDS], said)
    return Sight(READ[finding.verdict], finding.why[:WORDS], {**said, "rung": finding.rung})


def of_board(seen: Seen) -> Sight:
    """Read a board's own word on a posting."""
    verdict = OF_BOARD.get(seen.state, "unsure")
    words = {
        "live": "the board says that it is live",
        "absent": "the board does not have it",
        "refused": f"the board turned it down: {seen.message or 'no reason given'}",
    }.get(seen.state, seen.message or "the board still works on it")
    read = {"answer": dict(seen.answer), "post_id": seen.post_id}
    refused = seen.message if seen.state == "refused" else ""
    return Sight(verdict, words[:WORDS], read, way="board", refused=refused)


def _postings(page: Page) -> list[dict[str, Any]]:
    try:
        return job_postings(parsed(page.body), LIMITS)
    except FileRefused:
        return []


def _names(posting: Mapping[str, Any]) -> set[str]:
    """Return what a posting calls itself: its identifier, as text, as a value, or several."""
    found = posting.get("identifier")
    many = found if isinstance(found, list) else [found]
    values = [one.get("value") if isinstance(one, Mapping) else one for one in many]
    return {str(value) for value in values if value}


def _titled(postings: list[dict[str, Any]], title: str) -> bool:
    wanted = comparable(title)
    return any(comparable(str(one.get("title", ""))) == wanted for one in postings)
