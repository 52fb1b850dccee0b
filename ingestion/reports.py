"""Reads over several tables of ingestion, as frozen rows or plain JSON values."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Sum

from .models import ProcessedJob, Processing

BOOKS = ("raw", "processed", "failed", "loaded", "updated", "duplicates")
MAX_ERRORS = 20  # shown; their number is exact beside them


def books(collection_ids: Iterable[UUID]) -> dict[str, Any]:
    """Sum the books of collections: counts, the first errors and how many there are."""
    rows = Processing.objects.filter(collection__in=list(collection_ids))
    sums = rows.aggregate(**{name: Sum(name, default=0) for name in BOOKS})
    failed = ProcessedJob.objects.filter(processing__in=rows, status=ProcessedJob.Status.FAILED)
    return sums | {"errors": row_errors(failed), "errors_total": sums["failed"]}


def row_errors(failed: Any, limit: int = MAX_ERRORS) -> list[dict[str, Any]]:
    """Return the first errors by row; rows held back by others come last."""
    found = failed.exclude(error_code="held_back").order_by("row")[:limit]
    return [
        {"row": f.row, "field": f.error_field, "code": f.error_code, "message": f.error}
        for f in found
    ]
