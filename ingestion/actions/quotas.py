"""The quota ledger: each call is counted, and committed, before it goes out."""

from datetime import datetime, timedelta

from django.db.models import F, Q
from django.db.models.functions import Now

from ingestion.errors import QuotaSpent
from ingestion.events import SourceParked
from ingestion.models import Fetch, Quota, Source
from ingestion.rules.sources import period_end, period_start
from ingestion.rules.walks import told_quota
from jobly.runs.actions import emit, start, transaction
from jobly.runs.actions.claims import clock
from jobly.runs.actions.crash import crashpoint
from jobly.runs.rules.streams import STAFF, staff_and


def count_call(fetch: Fetch, cost: int) -> None:
    """Count a call that is about to go out; a death after this counts one too many, never less.

    When the share is reached at which people are told, alerts are looked for at once.
    Raises: QuotaSpent when it would pass the limit; it is not counted then and must not go out.
    """
    source, now = fetch.source, clock()
    limit = source.figures.quota_limit
    with transaction():
        row = quota_of(source, now)
        room = Q() if limit is None else Q(calls__lte=limit - cost)
        open_again = Q(spent_until=None) | Q(spent_until__lte=now)
        counted = Quota.objects.filter(room, open_again, pk=row.pk).update(
            calls=F("calls") + cost, updated_at=Now()
        )
        if counted:
            Fetch.objects.filter(pk=fetch.pk).update(calls=F("calls") + cost)
            _look_once(source, row, limit)
    if not counted:
        until = max(row.spent_until or now, period_end(source.figures.quota_period, now))
        raise QuotaSpent(
            f"The quota of {source} is used up ({row.calls} calls of {limit or 'what it gives'}) "
            f"until {until:%Y-%m-%d %H:%M} UTC; nothing more was asked.",
            until=row.spent_until if row.spent_until and row.spent_until > now else until,
        )
    crashpoint("ingestion.after_quota")


def quota_of(source: Source, now: datetime) -> Quota:
    """Return the ledger row of the present period, made when it is the first of it."""
    starts_at = period_start(source.figures.quota_period, now)
    row, _ = Quota.objects.get_or_create(source=source, starts_at=starts_at)
    return row


def _look_once(source: Source, row: Quota, limit: int | None) -> None:
    """Have alerts looked for when the share is reached, once a period: the clock may be late."""
    if limit is None:
        return
    share = limit * source.alert_share / 100
    due = Quota.objects.filter(pk=row.pk, alerted_at=None, calls__gte=share)
    if due.update(alerted_at=Now()):
        start("ingestion.look_for_alerts", {}, actor=None, stream=STAFF, detached=True)


def learn(source: Source, headers: dict[str, str]) -> None:
    """Note what an answer told about the quota; nothing left means that it is spent."""
    limit, left, reset = told_quota(headers)
    if limit is None and left is None:
        return
    now = clock()
    row = quota_of(source, now)
    spent = None
    if left == 0:
        spent = now + (reset or period_end(source.figures.quota_period, now) - now)
    Quota.objects.filter(pk=row.pk).update(
        told_limit=limit, told_left=left, spent_until=spent, updated_at=Now()
    )


def spend(source: Source, until: datetime | None) -> datetime:
    """Note that the source said that its quota is used up; return until when."""
    now = clock()
    until = until or period_end(source.figures.quota_period, now)
    row = quota_of(source, now)
    Quota.objects.filter(pk=row.pk).update(spent_until=until, updated_at=Now())
    return until


def park(source: Source, until: datetime, why: str) -> None:
    """Leave a source alone for a while, in the caller's transaction. Emits: SourceParked."""
    Source.objects.filter(pk=source.pk).update(parked_until=until, parked_why=why)
    told = SourceParked(str(source.pk), source.name, until.isoformat(), why)
    emit(told, company=source.company, streams=staff_and(source.company_id))


def unpark(source: Source) -> None:
    """Ask a source again from now on."""
    Source.objects.filter(pk=source.pk).update(parked_until=None, parked_why="")


def left_of(source: Source) -> int | None:
    """Return how many calls are left of this period; None where nothing bounds them."""
    limit, now = source.figures.quota_limit, clock()
    row = Quota.objects.filter(
        source=source, starts_at=period_start(source.figures.quota_period, now)
    ).first()
    if row is not None and row.spent_until and row.spent_until > now:
        return 0
    bounds = [limit - (row.calls if row else 0)] if limit is not None else []
    if row is not None and row.told_left is not None:
        bounds.append(row.told_left)
    return max(0, min(bounds)) if bounds else None


SHORT_WAIT = timedelta(seconds=10)  # waited for on the spot; longer ones send the run away
