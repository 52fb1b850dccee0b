"""Whether a posting is still there, told by answers about it: sure, surely gone, or uncertain."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

import orjson

from ingestion.errors import FileRefused
from ingestion.rules.dates import read_end
from ingestion.rules.pages import GONE, Meaning, meaning_of
from ingestion.rules.readers.limits import LIMITS
from ingestion.rules.readers.pages import job_postings, parsed
from ingestion.rules.texts import comparable

Rung = Literal["ats", "http", "jsonld"]
Verdict = Literal["alive", "gone", "uncertain"]
DAY = timedelta(days=1)  # an end without a time lasts the whole day
STRIKES = 2  # days a posting is found gone on, until it is closed
#: until the next check, by what the last one came to
NEXT = {
    "alive": timedelta(days=7),
    "gone": timedelta(hours=24),
    "uncertain": timedelta(days=3),
}
#: a posting's own page at a board → where the board's API tells of it, and, where that lists all
#: of the board's postings, the id it has there
BOARDS = tuple(
    (re.compile(pattern), target, key)
    for pattern, target, key in (
        (
            r"https://(?:job-)?boards\.(?:eu\.)?greenhouse\.io/([\w-]+)/jobs/(\d+)",
            r"https://boards-api.greenhouse.io/v1/boards/\1/jobs/\2",
            "",
        ),
        (
            r"https://jobs\.lever\.co/([\w.-]+)/([\w-]+)",
            r"https://api.lever.co/v0/postings/\1/\2",
            "",
        ),
        (
            r"https://jobs\.eu\.lever\.co/([\w.-]+)/([\w-]+)",
            r"https://api.eu.lever.co/v0/postings/\1/\2",
            "",
        ),
        (
            r"https://jobs\.smartrecruiters\.com/([\w-]+)/(\d+)",
            r"https://api.smartrecruiters.com/v1/companies/\1/postings/\2",
            "",
        ),
        (
            r"https://([\w-]+)\.recruitee\.com/o/([\w-]+)",
            r"https://\1.recruitee.com/api/offers/\2",
            "",
        ),
        (
            r"https://([\w-]+)\.(wd\d+)\.myworkdayjobs\.com/(?:[a-z]{2}-[A-Z]{2}/)?([\w-]+)/job/([^?#]+)",
            r"https://\1.\2.myworkdayjobs.com/wday/cxs/\1/\3/job/\4",
            "",
        ),
        (
            r"https://jobs\.ashbyhq\.com/([\w.%-]+)/([0-9a-fA-F-]{36})",
            r"https://api.ashbyhq.com/posting-api/job-board/\1",
            r"\2",
        ),
        (
            r"https://apply\.workable\.com/([\w-]+)/j/(\w+)",
            r"https://apply.workable.com/api/v1/widget/accounts/\1",
            r"\2",
        ),
    )
)
OVER = re.compile(
    r"no longer (?:accepting applications|available|open|active)|has been filled|"
    r"(?:job|position|posting|vacancy) (?:is|has) (?:been )?(?:closed|expired|removed)|"
    r"nicht mehr verfügbar|bereits besetzt|n['’]est plus disponible",
    re.IGNORECASE,
)
TEXT_CHARS = 200_000


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look came to: which rung told, the verdict, and why in a few words."""

    rung: Rung
    verdict: Verdict
    why: str


@dataclass(frozen=True, slots=True)
class Count:
    """How often a posting was found gone, and on which day last."""

    strikes: int
    struck_on: date | None


@dataclass(frozen=True, slots=True)
class Check:
    """Where to look for a posting; `key` is its id where what is there lists a whole board."""

    url: str
    key: str = ""


def board_check(url: str) -> Check | None:
    """Return where a board's API tells of the posting at this address; None for other sites."""
    for pattern, target, key in BOARDS:
        if found := pattern.match(url):
            return Check(found.expand(target), found.expand(key))
    return None


def of_board(status: int) -> Finding:
    """Read a board's own answer about one posting."""
    if status in GONE:
        return Finding("ats", "gone", f"the board's API says {status}")
    if status == 200:  # noqa: PLR2004 # the board has it
        return Finding("ats", "alive", "the board's API has it")
    return Finding("ats", "uncertain", f"the board's API said {status}")


def of_list(status: int, body: bytes, key: str) -> Finding:
    """Read a board's list of all its postings; an empty one, or none at all, proves nothing."""
    if status != 200:  # noqa: PLR2004 # anything else is no list
        return Finding("ats", "uncertain", f"the board's API said {status}")
    listed = _listed(body)
    if not listed:
        return Finding("ats", "uncertain", "the board's API lists nothing")
    if key.casefold() in listed:
        return Finding("ats", "alive", "the board's API lists it")
    return Finding("ats", "gone", "the board's API lists it no more")


def _listed(body: bytes) -> set[str]:
    """Return the ids of a list, by Ashby's name for them or by Workable's."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return set()
    jobs = found.get("jobs") if isinstance(found, dict) else None
    items = [job for job in jobs if isinstance(job, dict)] if isinstance(jobs, list) else []
    ids = (job.get("id") or job.get("shortcode") for job in items)
    return {str(one).casefold() for one in ids if one}


def of_page(status: int, location: str, body: bytes, title: str, now: datetime) -> Finding:
    """Read a posting's own page; what is neither there nor surely gone is uncertain."""
    meaning = meaning_of(status, location, body)
    if meaning is Meaning.GONE:
        return Finding("http", "gone", f"its page says {status}")
    if meaning is not Meaning.FINE:
        return Finding("http", "uncertain", f"its page said {status}")
    try:
        page = parsed(body)
    except FileRefused as refused:
        return Finding("http", "uncertain", refused.code)
    postings = job_postings(page, LIMITS)
    if postings:
        return _of_data(postings, now)
    return _of_text((page.body.text(separator=" ") if page.body else "")[:TEXT_CHARS], title)


def _of_text(text: str, title: str) -> Finding:
    """Read what a page without data says."""
    if found := OVER.search(text):
        return Finding("http", "gone", f"its page says “{found[0]}”")
    if comparable(title) and comparable(title) in comparable(text):
        return Finding("http", "alive", "its page shows the title")
    return Finding("http", "uncertain", "its page shows something else")


def _of_data(postings: list[dict[str, Any]], now: datetime) -> Finding:
    """Read validThrough of a page's JobPosting data; without one the posting is there."""
    ends = [
        end
        for one in postings
        if (end := read_end(str(one.get("validThrough") or ""), now=now)) is not None
    ]
    if len(ends) == len(postings) and all(end + DAY < now for end in ends):
        return Finding("jsonld", "gone", f"validThrough was {max(ends):%Y-%m-%d}")
    return Finding("jsonld", "alive", "its page carries the posting")


def counted(count: Count, verdict: Verdict, today: date) -> Count:
    """Count a day on which a posting was gone; being there forgets, uncertainty changes nothing."""
    if verdict == "alive":
        return Count(0, None)
    if verdict == "gone" and count.struck_on != today:
        return Count(count.strikes + 1, today)
    return count
