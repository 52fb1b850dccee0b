"""Reads of collecting: what a walk would take, what is left of a quota, how the stages stand."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, Sum

from ingestion.models import Fetch, Processing, Quota, RawCollection, Search, Source
from ingestion.rules.asking import jsearch_calls
from ingestion.rules.sources import period_end, period_start
from ingestion.rules.walks import Cell, Estimate, calls_of


@dataclass(frozen=True, slots=True)
class QuotaState:
    """The quota of a source in the present period; `limit` and `left` are None where none is."""

    limit: int | None
    used: int
    left: int | None
    resets_at: datetime
    alert_at: int | None

    @property
    def share(self) -> int | None:
        """How much is used, in per cent."""
        return None if not self.limit else min(100, self.used * 100 // self.limit)


def quota_state(source: Source, now: datetime) -> QuotaState:
    """Return how much of a source's quota is used and left."""
    figures = source.figures
    row = Quota.objects.filter(
        source=source, starts_at=period_start(figures.quota_period, now)
    ).first()
    used, limit = row.calls if row else 0, figures.quota_limit
    bounds = [] if limit is None else [limit - used]
    if row is not None and row.told_left is not None:
        bounds.append(row.told_left)
    if row is not None and row.spent_until and row.spent_until > now:
        bounds.append(0)
    return QuotaState(
        limit=limit,
        used=used,
        left=max(0, min(bounds)) if bounds else None,
        resets_at=period_end(figures.quota_period, now),
        alert_at=None if limit is None else limit * source.alert_share // 100,
    )


def estimate(
    source: Source, searches: list[Search], *, pages: int | None, now: datetime
) -> Estimate:
    """Say what a walk over these searches (none = the whole source) will take at most.

    With pages given, so many of each cell; else what each cell's last walk took, or all its pages.
    """
    parts: list[Search | None] = [*searches] or [None]
    cells = [_cell(source, search, pages) for search in parts]
    calls = calls_of(cells, asked=pages is not None)
    left = quota_state(source, now).left
    return Estimate(calls, left, float(calls * source.call_price), source.price_currency)


def _cell(source: Source, search: Search | None, pages: int | None) -> Cell:
    settings = {**source.settings, **(search.settings if search else {})}
    cost = jsearch_calls(settings) if source.adapter == "jsearch" else 1
    last = Fetch.objects.filter(source=source, search=search).exclude(status="running").first()
    most = pages or (search.pages if search else None) or source.figures.max_pages
    return Cell(most, last.calls if last else None, cost)


def fetches_of(run_ids: list[UUID]) -> list[dict[str, Any]]:
    """Return the books of the walks that these runs made."""
    rows = Fetch.objects.filter(run_id__in=run_ids).select_related("source", "search")
    names = ("status", "reason_code", "reason", "expected", "got", "fresh", "pages", "calls")
    return [
        {
            "fetch": str(row.pk),
            "source": row.source.name,
            "search": str(row.search) if row.search else "",
            **{name: getattr(row, name) for name in names},
        }
        for row in rows.order_by("started_at")
    ]


def collections_of(run_ids: list[UUID]) -> list[UUID]:
    """Return the collections that hold postings of the walks of these runs."""
    rows = RawCollection.objects.filter(fetch__run_id__in=run_ids)
    return list(rows.exclude(status=RawCollection.Status.LIST).values_list("pk", flat=True))


def processing_status(sources: Any) -> dict[str, Any]:
    """Return how the stages stand for these sources (a QuerySet), in a constant number of queries.

    Each stage has what waits, what is under way and what failed.
    """
    fetches = Fetch.objects.filter(source__in=sources)
    rows = RawCollection.objects.filter(source__in=sources)
    passes = Processing.objects.filter(collection__source__in=sources)
    collecting = fetches.aggregate(
        running=Count("pk", filter=Q(status="running")),
        complete=Count("pk", filter=Q(status="complete")),
        partial=Count("pk", filter=Q(status="partial")),
        failed=Count("pk", filter=Q(status="failed")),
        calls=Sum("calls", default=0),
    )
    stored = rows.aggregate(
        waiting=Count("pk", filter=Q(status="stored")),
        processed=Count("pk", filter=Q(status="processed")),
        quarantined=Count("pk", filter=Q(status="quarantined")),
    )
    books = passes.aggregate(
        pending=Count("pk", filter=Q(status="pending")),
        processing=Count("pk", filter=Q(status="processing")),
        completed=Count("pk", filter=Q(status="completed")),
        partial=Count("pk", filter=Q(status="partial")),
        failed=Count("pk", filter=Q(status="failed")),
    )
    items = passes.aggregate(
        jobs_processed=Sum("processed", default=0), jobs_failed=Sum("failed", default=0)
    )
    loading = passes.aggregate(
        loaded=Sum("loaded", default=0),
        updated=Sum("updated", default=0),
        duplicates=Sum("duplicates", default=0),
        waiting=Count("pk", filter=Q(processed_at__isnull=False, loaded_at=None)),
    )
    return {
        "collecting": collecting,
        "processing": {**stored, **books, **items},
        "loading": loading,
    }
