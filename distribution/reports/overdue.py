"""What should have gone out, been looked at, renewed, ended or taken down, and was not.

Read off the rows as they stand, so it shows too when the clock that should have done it is dead.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, DurationField, ExpressionWrapper, F, Q, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Greatest, Least, Now

from distribution.models import Channel, Distribution
from distribution.rules import states, stays
from distribution.rules.approvals import WAITS
from ingestion.models import Job

LONG = timedelta(days=10_000)


def _times(name: str, span: timedelta) -> Combinable:
    return ExpressionWrapper(F(name) * Value(span), output_field=DurationField())


# how long before its end a stay is renewed or listed anew: as its channel says, but not in its
# first half, or what is listed anew would be again at once, and paid for; nor in its last hour
BEFORE = Greatest(
    Least(
        _times("channel__renew_before_days", timedelta(days=1)),
        Coalesce(_times("channel__stay_days", timedelta(hours=12)), Value(LONG)),
    ),
    Value(stays.LATE_CLOSE),
    output_field=DurationField(),
)


@dataclass(frozen=True, slots=True)
class Delay:
    """How many publications wait too long for the same thing."""

    code: str
    text: str
    count: int


def expiring() -> Q:
    """Match stays of live jobs that end within the days of the reminder."""
    return Q(
        status="published",
        expires_at__gt=Now(),
        expires_at__lte=Now() + stays.REMIND_BEFORE,
        job__status=Job.Status.LIVE,
    )


def leftovers() -> Q:
    """Match what boards still show, or may show, of what was taken down or is to be."""
    asked = Q(status__in=["accepted", "published"], close_asked_at__lt=Now() - stays.LATE_CLOSE)
    seen = Q(status__in=states.ENDED, still_there_at__isnull=False, gone_at=None)
    # colleagues go on seeing a job that became internal
    hidden = Q(job__desk__is_public=False) & ~Q(channel__kind=Channel.Kind.INTRANET)
    gone = ~Q(job__status=Job.Status.LIVE) | hidden
    job = gone & Q(status__in=["accepted", "published"], updated_at__lt=Now() - stays.LATE_CLOSE)
    return asked | seen | job


#: what is overdue: code → its words, and which rows
DELAYS: Mapping[str, tuple[str, Q]] = {
    "not_sent": (
        "should have gone out by now",
        Q(status="scheduled", scheduled_publish_at__lt=Now() - stays.LATE)
        | Q(status="pending", run_id=None, updated_at__lt=Now() - stays.LATE)
        & ~Q(error_code=WAITS),
    ),
    "not_looked_at": (
        "should have been looked at on their board",
        Q(
            status__in=["unknown", "accepted", "published"],
            next_look_at__lt=Now() - stays.LATE,
        ),
    ),
    "not_renewed": (
        "should have been renewed or listed anew",
        Q(
            ~Q(channel__at_end=Channel.AtEnd.REMIND),
            status="published",
            job__status=Job.Status.LIVE,
            expires_at__gt=Now(),
            expires_at__lt=Now() + BEFORE - stays.LATE_CLOSE,
            renewals__lt=F("channel__renew_most"),
            relists__lt=F("channel__renew_most"),
        )
        & (Q(job__expires_at=None) | Q(job__expires_at__gt=F("expires_at"))),
    ),
    "not_ended": (
        "are past the end of their stay",
        Q(status="published", expires_at__lt=Now() - stays.LATE_CLOSE),
    ),
    "not_gone": ("should be gone from their board", leftovers()),
}


def overdue(rows: QuerySet[Distribution]) -> QuerySet[Distribution]:
    """Keep what waits too long for anything."""
    wanted = Q()
    for _, which in DELAYS.values():
        wanted |= which
    return rows.filter(wanted)


def delays(rows: QuerySet[Distribution]) -> list[Delay]:
    """Count what waits too long, by what was not done; one query."""
    wanted: dict[str, Any] = {
        code: Count("pk", filter=which) for code, (_, which) in DELAYS.items()
    }
    counts = overdue(rows).order_by().aggregate(**wanted)
    return [Delay(code, DELAYS[code][0], n) for code, n in counts.items() if n]


def by_company() -> dict[UUID, list[Delay]]:
    """Count what waits too long of each company that has any; one query."""
    wanted: dict[str, Any] = {
        code: Count("pk", filter=which) for code, (_, which) in DELAYS.items()
    }
    groups = overdue(Distribution.objects.all()).order_by().values("company")
    rows: Iterable[Mapping[str, Any]] = groups.annotate(**wanted)
    found: dict[UUID, list[Delay]] = defaultdict(list)
    for row in rows:
        found[row["company"]] = [
            Delay(code, text, row[code]) for code, (text, _) in DELAYS.items() if row[code]
        ]
    return dict(found)
