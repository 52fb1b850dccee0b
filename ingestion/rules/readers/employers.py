"""Who hires, in feeds that write it into titles: believed where the feed bears it out."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import Any

from ingestion.rules.posting import RawPosting, RowProblem
from ingestion.rules.readers.columns import squashed
from ingestion.rules.readers.limits import SAMPLE_ROWS
from ingestion.rules.readers.values import TAGS, text

Split = Callable[[str], tuple[str, str]]  # title -> (role, employer)
Row = RawPosting | RowProblem

MOST = 0.9  # of the titles have the mark
BORNE_OUT = 0.5  # of the employers are named again in their item
PLACES_AT_MOST = 0.2  # of them may be in the item's own location
LONGEST = 80
MOST_LABELS = 600
SHORTEST = 4
LABELS_EACH = 3
REMOTE_HOSTS = (
    "weworkremotely.com",
    "remotive.com",
    "remoteok.com",
    "remoteok.io",
    "himalayas.app",
    "jobicy.com",
)
ONE_EMPLOYER_HOSTS = ("governmentjobs.com", "schooljobs.com", "teamtailor.com")
LABELLED = re.compile(
    r"<(strong|b)>\s*(Location|Job location|URL|Company|Employer)\s*:?\s*</\1>\s*:?\s*"
    r"(?:<a\b[^>]{0,500}>)?\s*([^<\n]{2,160})",
    re.IGNORECASE,
)
HOST = re.compile(r"https?://(?:[^/@\s]*@)?([\w.-]+)", re.IGNORECASE)
LABELS = {
    "location": "location",
    "job location": "location",
    "url": "employer_url",
    "company": "employer",
    "employer": "employer",
}


def _host(url: str) -> str:
    found = HOST.match(url)
    return found[1].lower() if found else ""


def _before(mark: str) -> Split:
    def split(title: str) -> tuple[str, str]:
        employer, found, role = title.partition(mark)
        return (role.strip(), employer.strip()) if found else ("", "")

    return split


def _after(mark: str) -> Split:
    def split(title: str) -> tuple[str, str]:
        role, found, employer = title.rpartition(mark)
        return (role.strip(), employer.strip()) if found else ("", "")

    return split


SPLITS: tuple[Split, ...] = (
    _before(": "), _after(" at "), _after(" @ "), _after(" — "), _after(" – "), _after(" - "),
    _after(" | "),
    _before(" | "), _before(" - "), _before(" – "),
)  # fmt: skip


def with_employers(rows: Iterator[Row], channel: Mapping[str, Any]) -> Iterator[Row]:
    """Complete the postings of a feed: employer and place where titles and texts tell them."""
    head = list(islice(rows, SAMPLE_ROWS))
    sample = [_labelled(row) for row in head if isinstance(row, RawPosting)]
    author = _authors_hire(sample)
    split = _split_of([] if author or _named(sample) else sample)
    for row in chain(head, rows):
        yield row if isinstance(row, RowProblem) else _completed(row, channel, split, author=author)


def _completed(
    row: RawPosting, channel: Mapping[str, Any], split: Split | None, *, author: bool
) -> RawPosting:
    row = _labelled(row)
    host = _host(row.url)
    title, employer = row.title, row.employer
    if not employer and author:
        employer = _author(row)
    if not employer and split:
        role, employer = split(title)
        title = role or title
    if not employer and host.endswith(ONE_EMPLOYER_HOSTS):
        employer = text(channel.get("title"))
    title = without_employer(title, employer)
    remote = row.remote or ("remote" if host.endswith(REMOTE_HOSTS) else "")
    only_region = "" if row.city or row.country else row.region  # WWR: "Anywhere in the World"
    location = row.location or only_region or _dotted_place(row, employer)
    return replace(row, title=title, employer=employer, remote=remote, location=location)


def without_employer(title: str, employer: str) -> str:
    """Take an employer's name, known from elsewhere, off the ends of a title."""
    if not employer or employer.lower() not in title.lower():
        return title
    name = re.escape(employer)
    bare = re.sub(
        rf"^{name}\s*[:|–—-]\s+|\s+(?:at|@|[|–—-])\s+{name}(?:\s+\(.*)?$",
        "",
        title,
        flags=re.IGNORECASE,
    )
    return bare.strip() or title


def _named(sample: Sequence[RawPosting]) -> bool:
    return sum(bool(row.employer) for row in sample) * 2 > len(sample)


def _labelled(row: RawPosting) -> RawPosting:
    """Read "Location: Oslo" in bold at the top of a description where no element tells it."""
    found = {
        LABELS[label.lower()]: value.strip()
        for _, label, value in LABELLED.findall(row.description[:20_000])
    }
    fresh = {name: value for name, value in found.items() if value and not getattr(row, name)}
    return replace(row, **fresh) if fresh else row


def _author(row: RawPosting) -> str:
    said = text(row.raw.get("author") or row.raw.get("creator"))
    return said if said and "@" not in said and len(said) < LONGEST else ""


def _authors_hire(sample: Sequence[RawPosting]) -> bool:
    """Say whether authors are employers: their names stand in the titles or texts too."""
    if _named(sample):
        return False
    signed = [row for row in sample if _author(row)]
    if len(signed) * 2 <= len(sample):
        return False
    return (
        _share(
            [
                _mentioned(_author(row), row) or _author(row).lower() in row.title.lower()
                for row in signed
            ]
        )
        >= BORNE_OUT
    )


def _split_of(sample: Sequence[RawPosting]) -> Split | None:
    """Choose how titles are split: nearly all have the mark, and texts name that employer again."""
    best: tuple[float, Split] | None = None
    for split in SPLITS:
        parts = [(row, *split(row.title)) for row in sample]
        fitting = [
            (row, employer)
            for row, role, employer in parts
            if role and employer and len(employer) < LONGEST
        ]
        if not sample or len(fitting) < MOST * len(sample):
            continue
        if (
            all(_host(row.url).endswith("weworkremotely.com") for row, _ in fitting)
            and split is SPLITS[0]
        ):
            return split
        borne_out = _share([_mentioned(employer, row) for row, employer in fitting])
        as_place = _share([_is_place(employer, row) for row, employer in fitting])
        if (
            borne_out >= BORNE_OUT
            and as_place <= PLACES_AT_MOST
            and (best is None or borne_out > best[0])
        ):
            best = (borne_out, split)
    return best[1] if best else None


def _share(answers: Sequence[bool]) -> float:
    return sum(answers) / len(answers) if answers else 0.0


def _mentioned(employer: str, row: RawPosting) -> bool:
    """Say whether the item names this employer anywhere but in its title and place."""
    name = employer.lower()
    body = (
        row.description.lower().replace(row.location.lower(), "")
        if row.location
        else row.description.lower()
    )
    host = squashed(_host(row.url))
    return name in TAGS.sub(" ", body) or (
        len(squashed(employer)) >= SHORTEST and squashed(employer) in host
    )


def _is_place(employer: str, row: RawPosting) -> bool:
    place = " ".join((row.location, row.city, row.region, row.country)).lower()
    return bool(place.strip()) and employer.lower() in place


def _dotted_place(row: RawPosting, employer: str) -> str:
    """Read the place of "Employer · Place · source", a description that is one line of labels."""
    parts = row.description.split(" · ")
    one_line = "\n" not in row.description and len(row.description) < MOST_LABELS
    named = one_line and len(parts) >= LABELS_EACH and employer and parts[0].strip() == employer
    return parts[1].strip().replace("N/A", "") if named else ""
