"""What goes out, went out, is renewed and ends on which day, and where."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Literal
from uuid import UUID

from django.db.models import ExpressionWrapper, F, Q, QuerySet

from distribution.models import Channel, Distribution
from distribution.rules import stays

from .overdue import BEFORE

Kind = Literal["scheduled", "published", "renews", "relists", "expires"]

MOST = 2_000  # rows of a kind that one page reads
TEXTS = ("description_html", "description_text")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happens at a moment to one publication; scheduled ones can be moved."""

    kind: Kind
    at: datetime
    distribution: UUID
    title: str
    channel: str
    company: str
    may_move: bool


@dataclass(frozen=True, slots=True)
class Day:
    """A day with the first of its entries and how many more there are."""

    on: date
    entries: tuple[Entry, ...]
    more: int
    is_today: bool
    is_beside: bool

    @property
    def total(self) -> int:
        """Count all entries of the day."""
        return len(self.entries) + self.more


@dataclass(frozen=True, slots=True)
class Span:
    """Days in a row, by one zone's clock; `month` is the one shown, others stand beside it."""

    first: date
    days: int
    zone: tzinfo
    month: int = 0

    @property
    def begins(self) -> datetime:
        """The first moment."""
        return datetime.combine(self.first, time.min, tzinfo=self.zone)

    @property
    def ends(self) -> datetime:
        """The first moment after."""
        return datetime.combine(self.first + timedelta(days=self.days), time.min, tzinfo=self.zone)


def calendar(
    rows: QuerySet[Distribution], span: Span, today: date, *, shown: int
) -> tuple[list[Day], bool]:
    """Return each day of a span with at most `shown` entries, and whether there was too much.

    Three queries, whatever is in it.
    """
    read = [list(part[:MOST]) for part in _parts(rows, span)]
    entries = sorted(_entries(read, span), key=lambda one: (one.at, one.title, one.channel))
    by_day: dict[date, list[Entry]] = {}
    for entry in entries:
        by_day.setdefault(entry.at.astimezone(span.zone).date(), []).append(entry)
    days = []
    for number in range(span.days):
        on = span.first + timedelta(days=number)
        found = by_day.get(on, [])
        beside = bool(span.month) and on.month != span.month
        days.append(Day(on, tuple(found[:shown]), max(0, len(found) - shown), on == today, beside))
    return days, any(len(part) == MOST for part in read)


def _parts(rows: QuerySet[Distribution], span: Span) -> list[QuerySet[Distribution]]:
    """Return what is scheduled, what was published, and what ends or is renewed in a span."""
    lean = rows.select_related("job", "channel", "company").defer(
        *(f"job__{name}" for name in TEXTS)
    )
    acts = ExpressionWrapper(F("expires_at") - BEFORE, output_field=Distribution.expires_at.field)
    begins, ends = span.begins, span.ends
    stay = lean.filter(status="published", expires_at__isnull=False).annotate(acts_at=acts)
    return [
        lean.filter(
            status="scheduled", scheduled_publish_at__gte=begins, scheduled_publish_at__lt=ends
        ).order_by("scheduled_publish_at"),
        lean.filter(published_at__gte=begins, published_at__lt=ends).order_by("published_at"),
        stay.filter(
            Q(expires_at__gte=begins, expires_at__lt=ends)
            | Q(acts_at__gte=begins, acts_at__lt=ends)
        ).order_by("expires_at"),
    ]


def _entries(read: Sequence[Sequence[Distribution]], span: Span) -> Iterator[Entry]:
    scheduled, published, staying = read
    for row in scheduled:
        yield _entry("scheduled", row.scheduled_publish_at, row)
    for row in published:
        yield _entry("published", row.published_at, row)
    for row in staying:
        kind = _by_itself(row)
        acts_at: datetime = row.acts_at  # type: ignore[attr-defined] # annotated above
        if kind and span.begins <= acts_at < span.ends:
            yield _entry(kind, acts_at, row)
        elif not kind and row.expires_at and span.begins <= row.expires_at < span.ends:
            yield _entry("expires", row.expires_at, row)


def _by_itself(row: Distribution) -> Kind | None:
    """Say what its channel's rule does before the end; None when the stay just ends."""
    channel, job = row.channel, row.job
    if job.status != job.Status.LIVE:
        return None
    if job.expires_at is not None and row.expires_at and job.expires_at <= row.expires_at:
        return None
    if channel.at_end == Channel.AtEnd.REMIND:
        return None
    if channel.at_end == Channel.AtEnd.RENEW and stays.can_renew(channel.kind):
        return "renews" if row.renewals < channel.renew_most else None
    return "relists" if row.relists < channel.renew_most else None


def _entry(kind: Kind, at: datetime | None, row: Distribution) -> Entry:
    assert at is not None  # noqa: S101 # what was filtered by has a value
    return Entry(
        kind,
        at,
        row.pk,
        row.job.title,
        row.channel.name,
        row.company.name,
        kind == "scheduled",
    )
