"""Feed channels whose board stays away longer than it usually does."""

from collections import defaultdict
from datetime import datetime
from uuid import UUID

from django.db.models import Min

from distribution.models import Channel, Distribution, Feed, FeedFetch
from distribution.rules.feeds.agents import NO_BOARD
from distribution.rules.feeds.gaps import late_since
from distribution.rules.states import ON_BOARD

LATELY = 12  # fetches that say how often a board comes


def unfetched(now: datetime) -> dict[UUID, list[Channel]]:
    """Return the late channels of each company that has any: three queries and one a feed.

    Only where something stands on the channel that a board could fetch.
    """
    standing = Distribution.objects.filter(status__in=ON_BOARD).values("channel")
    began = dict(standing.order_by().annotate(at=Min("accepted_at")).values_list("channel", "at"))
    channels = Channel.objects.usable().filter(pk__in=began).order_by("company", "slug")
    feeds = dict(Feed.objects.filter(channel__in=began).values_list("channel", "pk"))
    found: dict[UUID, list[Channel]] = defaultdict(list)
    for channel in channels:
        since = began[channel.pk] or channel.created_at
        if channel.is_fetched and late_since(_times(feeds.get(channel.pk)), since, now):
            found[channel.company_id].append(channel)
    return dict(found)


def _times(feed: UUID | None) -> list[datetime]:
    """Return when boards came last for a feed."""
    rows = FeedFetch.objects.filter(feed=feed).exclude(who__in=NO_BOARD) if feed else None
    return list(rows.order_by("-at").values_list("at", flat=True)[:LATELY]) if rows else []
