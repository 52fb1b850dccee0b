"""What the checks of feeds and postings have in common: findings, and looks at single values."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal
from urllib.parse import urlsplit

Level = Literal["error", "warning"]
Entry = Mapping[str, str]

INDEED = "indeed.md §9"
LINKEDIN = "linkedin.md §9"
GENERIC = "google-for-jobs.md §4"
JOOBLE = "google-for-jobs.md §4.2"
RSS = "google-for-jobs.md §4.8"
GOOGLE = "google-for-jobs.md §1"
SITEMAPS = "google-for-jobs.md §3"
RULES = "what boards demand (Indeed)"
SPECS = "RFC 4287, jsonfeed.org/version/1.1"

AGE = timedelta(days=90)  # a posting older than this Indeed may drop
JOOBLE_AGE = timedelta(days=45)
TITLE_ADVISED = 75
MONEY = re.compile(
    r"[$€£¥]\s?\d|\b\d{1,3}(?:[ .,]?\d{3})+\s?(?:USD|EUR|GBP|NOK|SEK|DKK|CHF|kr)\b|\b\d+k\b",
    re.IGNORECASE,
)
KIND = re.compile(
    r"\b(?:full|part)[- ]time\b|\b(?:remote|urgent(?:ly)?|hiring now)\b", re.IGNORECASE
)
TAGS = re.compile(r"<[^>]*>")
SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with a feed. `job`: the reference it is about, "" for the whole feed."""

    code: str
    level: Level
    field: str
    job: str
    message: str
    source: str


def error(code: str, field: str, message: str, source: str, job: str = "") -> Finding:
    """Return what a board refuses."""
    return Finding(code, "error", field, job, message, source)


def warning(code: str, field: str, message: str, source: str, job: str = "") -> Finding:
    """Return what a board or its readers may dislike."""
    return Finding(code, "warning", field, job, message, source)


def plain(html: str) -> str:
    """Return what a reader sees of a description."""
    return SPACES.sub(" ", TAGS.sub(" ", html)).strip()


def required(entry: Entry, names: Iterable[str], key: str, source: str) -> Iterator[Finding]:
    """Tell which elements an entry must have and has not, or has empty."""
    for name in names:
        if not entry.get(name, "").strip():
            yield error(
                "missing", name, f"<{name}> is required and empty or not there.", source, key
            )


def repeated(keys: Iterable[str], field: str, source: str) -> Iterator[Finding]:
    """Tell which references stand twice: boards keep only the first."""
    for key, count in Counter(keys).items():
        if count > 1:
            message = f"The reference stands {count} times; boards keep only the first."
            yield error("repeated_reference", field, message, source, key)


def address(url: str, field: str, key: str, source: str) -> Iterator[Finding]:
    """Tell what is wrong with a link: boards want whole https addresses."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme not in {"http", "https"} or not host or SPACES.search(url):
        yield error("bad_url", field, f"{url[:80]!r} is no whole web address.", source, key)
    elif parts.scheme != "https":
        yield warning("not_https", field, "Boards want https addresses.", source, key)


def moment(text: str) -> datetime | None:
    """Read an ISO 8601 or RFC 822 moment, None for anything else."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        try:
            found = parsedate_to_datetime(text)
        except ValueError:
            return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def day(text: str, shape: str) -> date | None:
    """Read a date of a given shape, None for anything else."""
    try:
        return datetime.strptime(text, shape).replace(tzinfo=UTC).date()
    except ValueError:
        return None


def titled(title: str, key: str, field: str = "title") -> Iterator[Finding]:
    """Tell what does not belong into a title: boards refuse pay, place and kind of work in it."""
    if MONEY.search(title):
        yield error("title_has_pay", field, "Pay does not belong into the title.", RULES, key)
    if KIND.search(title):
        message = "The kind of work or a shout does not belong into the title."
        yield warning("title_has_kind", field, message, RULES, key)
    if len(title) > TITLE_ADVISED:
        message = f"{len(title)} characters; boards cut titles at about {TITLE_ADVISED}."
        yield warning("title_long", field, message, RULES, key)


def placed_in_title(entry: Entry, key: str, name: str, place: str) -> Iterator[Finding]:
    """Tell whether a title names its own place."""
    city, title = entry.get(place, ""), entry.get(name, "")
    if len(city) > 2 and re.search(rf"\b{re.escape(city)}\b", title, re.IGNORECASE):  # noqa: PLR2004 # no code of a state
        yield warning(
            "title_has_place", name, "The place does not belong into the title.", RULES, key
        )


def aged(at: datetime, now: datetime, field: str, key: str) -> Iterator[Finding]:
    """Tell whether a date is ahead of now or so old that boards drop the job."""
    if at > now + timedelta(days=1):
        yield error("date_ahead", field, "The date lies in the future.", RULES, key)
    elif now - at > AGE:
        yield warning("old", field, f"First published over {AGE.days} days ago.", RULES, key)
