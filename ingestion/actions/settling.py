"""What the end of a pass means for the passes before it and for the wish that made it."""

from typing import Any
from uuid import UUID

from django.db.models.functions import Now

from ingestion.models import Processing, Reprocessing
from ingestion.reports import reprocessing as reports

Status = Reprocessing.Status


def replace_earlier(processing: Processing) -> None:
    """Let a repeated pass count, instead of the earlier ones unless it only repairs them."""
    if not processing.repairs:
        earlier = Processing.objects.current().filter(collection=processing.collection_id)
        earlier.exclude(pk=processing.pk).update(superseded_by=processing)
    Processing.objects.filter(pk=processing.pk).update(counts=True)


def settle(reprocessing_id: UUID) -> None:
    """Say that a reprocessing is done, or ready to be looked at, when all its passes have ended.

    To be called in the transaction that ends a pass.
    """
    locked = Reprocessing.objects.select_for_update(no_key=True)
    row = locked.get(pk=reprocessing_id)
    comparing = row.shadow and row.status == Status.WORKING
    if comparing and not row.passes.filter(processed_at=None).exists():
        _end(row, Status.READY, **reports.summary(row))
    loading = not comparing and row.status in (Status.WORKING, Status.PROMOTING)
    waiting = row.passes.exclude(status=Processing.Status.FAILED).filter(loaded_at=None)
    if loading and not waiting.exists():
        _end(row, Status.DONE)


def _end(row: Reprocessing, status: Status, **columns: Any) -> None:
    Reprocessing.objects.filter(pk=row.pk).update(status=status, ended_at=Now(), **columns)
