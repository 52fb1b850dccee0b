"""Feeds as their company sees them: what to give to whom, and who came when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max, Min, Q, Sum
from django.utils import timezone

from distribution.models import Channel, Feed, FeedFetch, FeedFetchSum
from distribution.reports.content import site_url
from distribution.reports.feeds import format_of
from distribution.reports.unfetched import late_since_when
from distribution.rules.feeds.agents import NO_BOARD
from distribution.rules.feeds.formats import ALL, Format
from jobly.users.models import Company
from jobly.users.rules import Principal

FOR = {
    "indeed": "Indeed, and most boards that take its format",
    "linkedin": "LinkedIn, under a contract with them",
    "google": "Google Search Console, as a sitemap of job pages",
    "jooble": "Jooble",
    "generic": "any other board",
    "rss": "feed readers",
    "atom": "feed readers",
    "json": "programs and feed readers (JSON Feed)",
}
LATELY = 20


@dataclass(frozen=True, slots=True)
class Line:
    """One format of a company: its address, whose it is for, what is in it, who came last.

    `feed` is None as long as nobody asked. `late_since`: when a board should have come and did not.
    """

    kind: Format
    address: str
    purpose: str
    channel: Channel | None
    feed: Feed | None
    last_who: str
    last_at: datetime | None
    late_since: datetime | None


def companies_of(principal: Principal) -> list[Company]:
    """Return the companies whose feeds the person may look at."""
    rows = Company.objects.order_by("name")
    return list(rows if principal.is_staff else rows.filter(pk__in=principal.company_ids))


def lines(company: Company) -> list[Line]:
    """Return every format of a company; six queries and one a feed channel."""
    usable = Channel.objects.usable().filter(company=company).order_by("-created_at", "-id")
    channels = {format_of(row): row for row in usable if row.is_fetched}
    feeds = {row.channel_id: row for row in Feed.objects.filter(company=company)}
    late = late_since_when(usable, timezone.now())
    came = _last(company)
    site = site_url()
    found = []
    for kind in ALL:
        channel = channels.get(kind.name)
        who, at = came.get(kind.name, ("", None))
        found.append(
            Line(
                kind=kind,
                address=f"{site}/feeds/{company.slug}/{kind.file}",
                purpose=FOR[kind.name],
                channel=channel,
                feed=feeds.get(channel.pk if channel else None),
                last_who=who,
                last_at=at,
                late_since=late.get(channel.pk) if channel else None,
            )
        )
    return found


def _last(company: Company) -> dict[str, tuple[str, datetime | None]]:
    """Return who came last for each format, of those that are no people and none of us."""
    rows = FeedFetch.objects.filter(company=company).exclude(who__in=NO_BOARD)
    found: dict[str, tuple[str, datetime | None]] = {}
    for name, who, at in rows.values_list("format", "who").annotate(at=Max("at")).order_by("at"):
        found[name] = (who, at)
    return found


def summed(company: Company, kind: Format) -> dict[str, Any]:
    """Return what older receipts of one format were summed up to: count, finished and first."""
    rows = FeedFetchSum.objects.filter(feed__company=company, format=kind.name)
    return rows.aggregate(count=Sum("count"), finished=Sum("finished"), first=Min("month"))


def fetches(company: Company, kind: Format) -> Sequence[FeedFetch]:
    """Return the newest fetches of one format."""
    rows = FeedFetch.objects.filter(Q(company=company), format=kind.name)
    return list(rows.order_by("-at")[:LATELY])
