"""Keep feeds' editions and note who fetched them; what others took counts as published."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import F
from django.db.models.functions import Greatest, Now
from django.utils import timezone

from distribution.actions import fate
from distribution.models import Distribution, Feed, FeedEdition, FeedEntry, FeedFetch
from distribution.reports import feeds
from distribution.rules.answers import Seen
from distribution.rules.feeds.agents import is_foreign
from distribution.rules.feeds.formats import Format
from jobly.runs.actions import start, transaction
from jobly.runs.actions.crash import crashpoint
from jobly.runs.actions.progress import Progress
from jobly.users.models import Company

COUNTED_AGAIN = 1_000  # entries that moved at once
COMPARED_EVERY = timedelta(hours=1)  # all jobs, even where no change was noted: renamed employers
AT_A_TIME = 200  # publications moved in one transaction
MOST_AGENT = 200  # characters kept of a user agent
ADDRESS_KEY = b"feed-fetch"

CHANGED = """
    UPDATE distribution_feedentry x SET until = %(next)s
    WHERE x.feed_id = %(feed)s AND x.until IS NULL AND NOT EXISTS
        (SELECT FROM listed n WHERE n.job_id = x.job_id AND n.digest = x.digest)
"""
ADDED = """
    INSERT INTO distribution_feedentry (feed_id, job_id, digest, since)
    SELECT %(feed)s, n.job_id, n.digest, %(next)s FROM listed n WHERE NOT EXISTS
        (SELECT FROM distribution_feedentry x WHERE x.feed_id = %(feed)s AND x.until IS NULL
            AND x.job_id = n.job_id)
    ORDER BY n.job_id
"""
SUMS = """
    SELECT count(*), coalesce(sum(elements), 0)::bigint, coalesce(sum(digest), 0), clock_timestamp()
    FROM listed
"""
NOTED = """
    INSERT INTO distribution_feedfetch (id, company_id, feed_id, format, edition, status, who,
        agent, address, minute, at, count, ended, finished, jobs, bytes)
    VALUES (uuidv7(), %(company)s, %(feed)s, %(format)s, %(edition)s, %(status)s, %(who)s,
        %(agent)s, %(address)s, date_trunc('minute', clock_timestamp()), clock_timestamp(), 1,
        %(ended)s, %(ended)s, 0, 0)
    ON CONFLICT (feed_id, format, edition, status, who, minute) DO UPDATE SET
        count = distribution_feedfetch.count + 1, at = EXCLUDED.at, agent = EXCLUDED.agent,
        address = EXCLUDED.address,
        ended = distribution_feedfetch.ended + EXCLUDED.ended,
        finished = distribution_feedfetch.finished + EXCLUDED.finished
    RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Fetch:
    """Who fetches, and how it is answered. `address`: kept as a keyed digest only."""

    status: int
    who: str
    agent: str = ""
    address: str = ""


def present(company: Company, kind: Format) -> Feed:
    """Return the feed of a company and format, in an edition that holds what is listed now.

    Where no job of the company changed since, that takes three short queries.
    """
    channel = feeds.channel_of(company, kind.name)
    feed, _ = Feed.objects.get_or_create(company=company, channel=channel)
    feed.channel = channel
    about, standing = feeds.about(company, channel), feeds.standing(channel)
    fresh = feed.checked_at and timezone.now() - feed.checked_at < COMPARED_EVERY
    same = feed.edition and (feed.about, feed.standing) == (about, standing)
    if fresh and same and not feeds.has_moved(feed):
        return feed
    feed, moved = _settle(feed.pk, about=about, standing=standing)
    feed.channel = channel
    if moved > COUNTED_AGAIN:
        with connection.cursor() as cursor:
            # until somebody counts, each step of a walk along the entries is planned as if there
            # were few of them, and sorts all that are left
            cursor.execute("ANALYZE distribution_feedentry")
    return feed


@transaction
def _settle(pk: UUID, *, about: str, standing: str) -> tuple[Feed, int]:
    """Compare what is listed with the last edition, and begin a new one if they differ.

    Return how many entries moved, too.
    """
    feed = Feed.objects.select_for_update().get(pk=pk)
    query, given = feeds.listing(feed)
    wanted: dict[str, Any] = {"feed": feed.pk, "next": feed.edition + 1}
    with connection.cursor() as cursor:
        # whatever commits from here on is above the mark, and looked at again
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        mark = cursor.fetchone()[0]
        cursor.execute("DROP TABLE IF EXISTS listed")
        cursor.execute(f"CREATE TEMP TABLE listed ON COMMIT DROP AS {query}", given)
        cursor.execute("CREATE INDEX ON listed (job_id)")
        cursor.execute("ANALYZE listed")
        cursor.execute(CHANGED, wanted)
        moved = cursor.rowcount
        cursor.execute(ADDED, wanted)
        moved += cursor.rowcount
        cursor.execute(SUMS)
        sums = cursor.fetchone()
    if moved or not feed.edition or feed.about != about:
        _begin_edition(feed, about, *sums)
    feed.standing, feed.mark, feed.checked_at = standing, mark, sums[-1]
    feed.save()
    return feed, moved


def _begin_edition(feed: Feed, about: str, jobs: int, elements: int, *rest: Any) -> None:
    """Give a new content of a feed its number; the caller holds the row's lock."""
    total, at = rest
    feed.edition += 1
    feed.about, feed.jobs, feed.elements, feed.changed_at = about, jobs, elements, at
    feed.digest = hashlib.sha256(f"{about} {jobs} {total}".encode()).hexdigest()
    FeedEdition.objects.create(feed=feed, number=feed.edition, digest=feed.digest, jobs=jobs, at=at)


def begin_fetch(feed: Feed, kind: Format, fetch: Fetch) -> UUID:
    """Keep that a feed is fetched before the first byte of it goes out; return the receipt's id.

    Who takes much in one minute adds to one row. An answer without a body has ended at once, and
    counts like a whole one. Who dies over it leaves a fetch that never ended: it was cut off.
    """
    unchanged = fetch.status == FeedFetch.Status.UNCHANGED
    given: dict[str, Any] = {
        "company": feed.company_id,
        "feed": feed.pk,
        "format": kind.name,
        "edition": feed.edition,
        "status": fetch.status,
        "who": fetch.who,
        "agent": fetch.agent[:MOST_AGENT],
        "address": address_digest(fetch.address),
        "ended": int(unchanged),
    }
    with connection.cursor() as cursor:
        cursor.execute(NOTED, given)
        receipt: UUID = cursor.fetchone()[0]
    crashpoint("dist.fetch_begun")
    return receipt


@dataclass(frozen=True, slots=True)
class Got:
    """How far a fetch came; `whole`: all was sent, and it held every job of the edition."""

    jobs: int
    bytes: int
    whole: bool


def end_fetch(feed: Feed, receipt: UUID, who: str, got: Got) -> None:
    """Keep how far a fetch came.

    A whole one by somebody else starts the run that calls its publications published.
    """
    with transaction():
        FeedFetch.objects.filter(pk=receipt).update(
            at=Now(),
            ended=F("ended") + 1,
            finished=F("finished") + int(got.whole),
            jobs=Greatest("jobs", got.jobs),
            bytes=Greatest("bytes", got.bytes),
        )
        if got.whole and feed.channel_id and is_foreign(who) and _waiting(feed):
            start(
                "distribution.feed_seen",
                {"feed_id": str(feed.pk), "edition": feed.edition},
                actor=None,
                company=feed.company_id,
                detached=True,
            )


def _waiting(feed: Feed) -> bool:
    return Distribution.objects.filter(channel=feed.channel_id, status="accepted").exists()


def address_digest(address: str) -> str:
    """Return what tells callers apart without saying who they are; "" for none."""
    if not address:
        return ""
    key = settings.SECRET_KEY.encode() + ADDRESS_KEY
    return hmac.new(key, address.encode(), hashlib.sha256).hexdigest()[:32]


def publish_seen(progress: Progress, feed_id: UUID, edition: int) -> dict[str, Any]:
    """Call published what an edition contained that somebody else fetched whole. Idempotent.

    Only publications that the board's edition can have meant: accepted before it began.
    Emits: DistributionPublished.
    """
    feed = Feed.objects.get(pk=feed_id)
    began = FeedEdition.objects.get(feed=feed, number=edition).at
    done = 0
    while keys := _seen(feed, edition, began):
        with progress.transaction():
            rows = Distribution.objects.select_for_update(of=("self",)).filter(pk__in=keys)
            for row in rows.select_related("channel").filter(status="accepted"):
                fate.publish(row, Seen("live", row.post_id, row.post_url))
                done += 1
    return {"published": done}


def _seen(feed: Feed, edition: int, began: datetime) -> list[UUID]:
    """Return some publications that wait and whose job an edition contained."""
    had = FeedEntry.objects.filter(feed=feed).in_edition(edition)
    rows = Distribution.objects.filter(
        channel=feed.channel_id,
        status="accepted",
        accepted_at__lte=began,
        job__in=had.values("job_id"),
    )
    return list(rows.order_by("pk").values_list("pk", flat=True)[:AT_A_TIME])
