"""Feeds and postings held against the rules of who reads them."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from django.db.models import Q

from distribution.models import Feed
from distribution.reports.feeds import each_page, frame_of, pieces
from distribution.rules.feeds.checking.feeds import check_feed
from distribution.rules.feeds.checking.findings import GOOGLE, RULES, Finding, warning
from distribution.rules.feeds.checking.postings import posting
from distribution.rules.feeds.formats import Format
from distribution.rules.feeds.listed import Listed
from distribution.rules.feeds.readers import published
from ingestion.models import Job
from ingestion.rules import jsonld
from jobly.users.models import Company

ONE_A_PLACE = frozenset({"indeed", "linkedin", "jooble", "generic"})
MOST_SHOWN = 200  # findings of one feed that a command lists
MOST_NAMED = 3  # jobs named of those that share a fault


@dataclass(frozen=True, slots=True)
class Group:
    """Findings that say the same. `jobs`: the first of them; `more`: how many others."""

    level: str
    message: str
    field: str
    source: str
    jobs: tuple[str, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Checked:
    """What the checks say of one feed: its figures, and what is wrong, errors first."""

    company: str
    format: str
    edition: int
    jobs: int
    live: int
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> int:
        """How many findings a board would refuse."""
        return sum(one.level == "error" for one in self.findings)

    @property
    def warnings(self) -> int:
        """How many it may dislike."""
        return len(self.findings) - self.errors

    @property
    def shown(self) -> tuple[Finding, ...]:
        """The first of them."""
        return self.findings[:MOST_SHOWN]

    @property
    def groups(self) -> list[Group]:
        """The findings that say the same, together with the jobs they are about."""
        found: dict[tuple[str, str, str, str], list[str]] = {}
        for one in self.findings:
            same = (one.level, one.message, one.field, one.source)
            found.setdefault(same, []).append(one.job)
        return [
            Group(*same, tuple(filter(None, jobs[:MOST_NAMED])), max(0, len(jobs) - MOST_NAMED))
            for same, jobs in found.items()
        ]

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        told = {name: getattr(self, name) for name in ("company", "format", "edition")}
        counts = {"jobs": self.jobs, "live": self.live}
        counts |= {"errors": self.errors, "warnings": self.warnings}
        return {**told, **counts, "findings": [asdict(one) for one in self.shown]}


def check(feed: Feed, company: Company, kind: Format, *, now: datetime) -> Checked:
    """Write one feed as it would be sent, read it back and check all of it."""
    frame = frame_of(feed, company, kind)
    raw = b"".join(piece for piece, _ in pieces(feed, kind, frame))
    expected = feed.elements if kind.name in ONE_A_PLACE else feed.jobs
    found = check_feed(
        kind.name, raw, now=now, expected=None if kind.name == "google" else expected
    )
    live = live_jobs(company)
    found += _whole_site(feed, live)
    if kind.name == "google":
        found += _without_posting(feed, company, kind, now)
    found.sort(key=lambda one: (one.level, one.code, one.job))
    return Checked(company.slug, kind.name, feed.edition, feed.jobs, live, tuple(found))


def live_jobs(company: Company) -> int:
    """Count the jobs on a company's own board, apart from how feeds choose them."""
    rows = Job.objects.live().filter(company=company, on_board=True)
    return rows.exclude(desk__is_public=False).count()


def _whole_site(feed: Feed, live: int) -> Iterable[Finding]:
    """Tell whether jobs of the site are not in the feed: boards want the whole career site."""
    if feed.jobs >= live:
        return
    where = "on this channel" if feed.channel_id else "open to outside boards by their source"
    message = f"{feed.jobs} of the {live} jobs on your board are {where}; boards want them all."
    yield warning("not_whole_site", "", message, RULES)


def _without_posting(
    feed: Feed, company: Company, kind: Format, now: datetime
) -> Iterator[Finding]:
    """Tell which pages carry no JobPosting, and what they lack."""
    frame = frame_of(feed, company, kind)

    def found(jobs: list[Listed]) -> list[Finding]:
        return [
            _no_posting(job, lacks)
            for job in jobs
            if (lacks := jsonld.missing(published(job, frame), now=now))
        ]

    yield from chain.from_iterable(each_page(feed, found))


def _no_posting(job: Listed, lacks: Sequence[str]) -> Finding:
    message = f"Its page carries no JobPosting for want of: {', '.join(lacks)}."
    return warning("no_posting", lacks[0], message, GOOGLE, job.reference)


def check_posting(script: str, *, job: str, now: datetime) -> list[Finding]:
    """Check the JobPosting that a page carries as text."""
    return list(posting(json.loads(script), job, now))


def companies_with_jobs() -> list[Company]:
    """Return the companies whose feeds hold something, or held something once."""
    there = Job.objects.live().filter(on_board=True).values("company").distinct()
    fed = Feed.objects.values("company").distinct()
    return list(Company.objects.filter(Q(pk__in=there) | Q(pk__in=fed)).order_by("slug"))
