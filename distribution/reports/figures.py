"""Counts of distributions, and those that may be sent again."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, Now

from distribution.models import Applicant, Charge, ClickDay, Distribution
from jobly.users.models import Company
from jobly.users.rules import Principal


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


def with_own_counts(rows: QuerySet[Distribution]) -> QuerySet[Distribution]:
    """Add what we counted ourselves: `own_clicks` and `own_applications`, since it began."""
    days = ClickDay.objects.filter(distribution=OuterRef("pk")).order_by().values("distribution")
    clicks = days.annotate(n=Sum(F("people") + F("unseen"))).values("n")
    came = Applicant.objects.filter(distribution=OuterRef("pk")).order_by().values("distribution")
    return rows.annotate(
        own_clicks=Coalesce(Subquery(clicks), 0),
        own_applications=Coalesce(Subquery(came.annotate(n=Count("pk")).values("n")), 0),
    )


def own_totals(rows: QuerySet[Distribution]) -> dict[str, int]:
    """Add up what we counted ourselves of distributions; never added to what boards counted."""
    return with_own_counts(rows).aggregate(
        total_clicks=Sum("own_clicks", default=0),
        total_applications=Sum("own_applications", default=0),
    )


@dataclass(frozen=True, slots=True)
class Month:
    """Clicks, applications and what was paid by currency, of the days since one."""

    clicks: int
    applications: int
    costs: dict[str, int]


def got_since(first: date, principal: Principal) -> Month:
    """Add up what a person's companies got since a day (UTC), and what they paid; three queries."""
    start = datetime.combine(first, time(), UTC)
    days = ClickDay.objects.visible_to(principal).filter(on__gte=first)
    applied = Applicant.objects.visible_to(principal).filter(created_at__gte=start)
    paid = Charge.objects.visible_to(principal).filter(at__gte=start).exclude(amount_minor=0)
    sums = paid.order_by().values_list("currency").annotate(n=Sum("amount_minor"))
    clicks = days.aggregate(n=Sum(F("people") + F("unseen"), default=0))["n"]
    return Month(clicks, applied.count(), dict(sums))


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
