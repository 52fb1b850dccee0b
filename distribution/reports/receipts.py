"""Who fetched the feeds that publications are in, for many publications at once."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from distribution.models import Distribution, Feed, FeedEntry, FeedFetch
from distribution.rules.feeds.agents import is_foreign
from distribution.rules.proof import Receipt

MOST = 100  # newest fetches of all the feeds concerned

Span = tuple[int, int | None]


def receipts_for(rows: Sequence[Distribution]) -> dict[UUID, list[Receipt]]:
    """Return the newest fetches by others of the feed each publication is in, since it began.

    Their channels are read. Three queries where one of them is a feed, else none.
    """
    fetched = [row for row in rows if row.channel.is_fetched]
    if not fetched:
        return {}
    feeds = Feed.objects.filter(channel__in={row.channel_id for row in fetched})
    by_channel = {feed.channel_id: feed.pk for feed in feeds}
    fetches = FeedFetch.objects.filter(feed__in=by_channel.values()).order_by("-at")[:MOST]
    of_feed: dict[UUID, list[FeedFetch]] = defaultdict(list)
    for fetch in fetches:
        if is_foreign(fetch.who) and fetch.is_whole:
            of_feed[fetch.feed_id].append(fetch)
    spans = _spans(by_channel.values(), [row.job_id for row in fetched])
    found: dict[UUID, list[Receipt]] = {}
    for row in fetched:
        feed = by_channel.get(row.channel_id)
        if feed is not None:
            had = spans[feed, row.job_id]
            some = [one for one in of_feed[feed] if one.at >= row.created_at]
            found[row.pk] = [_receipt(one, had) for one in some]
    return found


def _spans(feeds: Iterable[UUID], jobs: Sequence[int]) -> dict[tuple[UUID, int], list[Span]]:
    """Return the editions that contained some jobs, from the first to the one after the last."""
    rows = FeedEntry.objects.filter(feed__in=feeds, job_id__in=jobs)
    found: dict[tuple[UUID, int], list[Span]] = defaultdict(list)
    for feed, job, since, until in rows.values_list("feed_id", "job_id", "since", "until"):
        found[feed, job].append((since, until))
    return found


def _receipt(fetch: FeedFetch, spans: Sequence[Span]) -> Receipt:
    included = any(
        since <= fetch.edition and (until is None or fetch.edition < until)
        for since, until in spans
    )
    return Receipt(fetch.at, fetch.who, fetch.format, fetch.edition, included)
