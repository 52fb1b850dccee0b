"""Feed channels whose board stays away longer than it usually does."""

from collections import defaultdict
from datetime import datetime
from uuid import UUID

from django.db.models import Min, QuerySet

from distribution.models import Channel, Distribution, Feed, FeedFetch
from distribution.rules.feeds.agents import NO_BOARD
from distribution.rules.feeds.gaps import late_since
from distribution.rules.states import ON_BOARD

LATELY = 12  # fetches that say how often a board comes


def unfetched(now: datetime) -> dict[UUID, list[Channel]]:
    """Return the late channels of each company that has any: four queries and one a feed."""
    late = late_since_when(Channel.objects.usable(), now)
    found: dict[UUID, list[Channel]] = defaultdict(list)
    for channel in Channel.objects.filter(pk__in=late).order_by("company", "slug"):
        found[channel.company_id].append(channel)
    return dict(found)


def late_since_when(channels: QuerySet[Channel], now: datetime) -> dict[UUID, datetime]:
    """Say of each of these channels that is late when its board should have come.

    Only where something stands on the channel that a board could fetch.
    """
    standing = Distribution.objects.filter(status__in=ON_BOARD, channel__in=channels)
    rows = standing.order_by().values("channel").annotate(at=Min("accepted_at"))
    began = dict(rows.values_list("channel", "at"))
    feeds = dict(Feed.objects.filter(channel__in=began).values_list("channel", "pk"))
    found = {}
    for channel in channels.filter(pk__in=began):
        since = began[channel.pk] or channel.created_at
        due = late_since(_times(feeds.get(channel.pk)), since, now) if channel.is_fetched else None
        if due:
            found[channel.pk] = due
    return found


def _times(feed: UUID | None) -> list[datetime]:
    """Return when boards came last for a feed."""
    rows = FeedFetch.objects.filter(feed=feed).exclude(who__in=NO_BOARD) if feed else None
    return list(rows.order_by("-at").values_list("at", flat=True)[:LATELY]) if rows else []
