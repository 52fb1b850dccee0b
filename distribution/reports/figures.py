"""Counts of distributions, and those that may be sent again."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import Now

from distribution.models import Distribution
from jobly.users.models import Company


def totals(rows: QuerySet[Distribution]) -> dict[str, Any]:
    """Add up distributions by channel and status, and what their boards counted (S1.22)."""
    by_channel: Counter[str] = Counter()
    by_status: Counter[str] = Counter()
    groups = rows.order_by().values_list("channel__slug", "status").annotate(n=Count("pk"))
    for slug, status, count in groups:
        by_channel[slug] += count
        by_status[status] += count
    sums = rows.aggregate(
        total_views=Sum("views_count", default=0),
        total_applications=Sum("applications_count", default=0),
        total_clicks=Sum("clicks_count", default=0),
    )
    return {
        "total_distributions": by_status.total(),
        "by_channel": dict(by_channel),
        "by_status": dict(by_status),
        **sums,
    }


def to_retry(
    statuses: Sequence[str],
    *,
    company: Company | None,
    channel: str = "",
    since: timedelta | None = None,
) -> QuerySet[Distribution]:
    """Return distributions that ended badly: of a company, on a channel, lately; oldest first."""
    rows = Distribution.objects.filter(status__in=statuses).order_by("id")
    if company is not None:
        rows = rows.filter(company=company)
    if channel:
        rows = rows.filter(channel__slug=channel)
    return rows.filter(updated_at__gte=Now() - since) if since is not None else rows
