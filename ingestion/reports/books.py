"""Reads over several tables of ingestion, as frozen rows or plain JSON values."""

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet, Sum

from ingestion.errors import FileRefused
from ingestion.models import Job, ProcessedJob, Processing, RawCollection, Upload
from ingestion.rules.cells import REJECT_COLUMNS, safe_cell
from ingestion.rules.mapping import TABLES, without_reasons
from ingestion.rules.readers import Shape, describe
from jobly.artifacts.errors import ArtifactGone

BOOKS = ("raw", "processed", "failed", "loaded", "updated", "duplicates")
MAX_ERRORS = 20  # shown; their number is exact beside them


def books(collection_ids: Iterable[UUID]) -> dict[str, Any]:
    """Sum the books of collections: counts, the first errors and how many there are."""
    ids = list(collection_ids)
    rows = Processing.objects.current().filter(collection__in=ids)
    sums: dict[str, Any] = rows.aggregate(**{name: Sum(name, default=0) for name in BOOKS})
    mended = rows.filter(repairs=True).aggregate(raw=Sum("raw", default=0))["raw"]
    sums |= {"raw": sums["raw"] - mended, "failed": sums["failed"] - mended}
    failed = ProcessedJob.objects.failed().filter(processing__collection__in=ids)
    return sums | {"errors": row_errors(failed), "errors_total": sums["failed"]}


def row_errors(failed: Any, limit: int = MAX_ERRORS) -> list[dict[str, Any]]:
    """Return the first errors by row; rows held back by others come last."""
    found = failed.exclude(error_code="held_back").order_by("row")[:limit]
    return [
        {"row": f.row, "field": f.error_field, "code": f.error_code, "message": f.error}
        for f in found
    ]


def upload_books(upload: Upload) -> dict[str, Any]:
    """Return the books of a recruiter's file; zeros while it waits."""
    return books([upload.collection_id])


def upload_counts(upload: Upload) -> dict[str, int]:
    """Return the counts of a recruiter's file from processings that were fetched beforehand."""
    rows = [p for p in upload.collection.processings.all() if p.counts and not p.superseded_by_id]
    sums = {name: sum(getattr(row, name) for row in rows) for name in BOOKS}
    mended = sum(row.raw for row in rows if row.repairs)  # counted by the pass they failed in
    return sums | {"raw": sums["raw"] - mended, "failed": sums["failed"] - mended}


def _failed_rows(upload: Upload) -> Any:
    """Return the rows of a file that failed, in file order."""
    rows = ProcessedJob.objects.failed().filter(processing__collection=upload.collection_id)
    return rows.order_by("row")


def reject_rows(upload: Upload) -> Iterator[list[str]]:
    """Yield the rejects file: a header, then each failed row as it was sent with its reason.

    The columns stand in the file's own order. Mended, it can be sent again as it is.
    """
    columns = _columns(upload)
    yield [*REJECT_COLUMNS, *map(safe_cell, columns)]
    for item in _failed_rows(upload).iterator(chunk_size=500):
        cells = [(item.raw or {}).get(name, "") for name in columns]
        told = [str(item.row), item.error_field, item.error_code, item.error]
        yield [*told, *(safe_cell(cell) for cell in cells)]


def _columns(upload: Upload) -> list[str]:
    """Return the columns of a file in its own order, which JSON in the database has not kept."""
    first = _failed_rows(upload).first()
    stored = list(first.raw or {}) if first else []
    known = without_reasons(_header(upload))
    return [*known, *(name for name in stored if name not in {*known, *REJECT_COLUMNS})]


def _header(upload: Upload) -> list[str]:
    """Read the columns off the beginning of the file; none where it cannot be read any more."""
    collection = upload.collection
    try:
        with collection.artifact.open() as stream:
            shape = Shape(**collection.shape)
            found = describe(stream, shape)
    except (FileRefused, ArtifactGone, TypeError):
        return []
    if shape.kind in TABLES:
        return list(found.columns)
    return list(dict.fromkeys(name for row in found.postings for name in row.raw))


def lineage(job: Job) -> list[dict[str, Any]]:
    """Return every item that led to a job: collection, processing, transformer, what it did."""
    items = ProcessedJob.objects.filter(job_id=job.pk).select_related(
        "processing__collection__source"
    )
    return [
        {
            "source": item.processing.collection.source.name,
            "collection": str(item.processing.collection_id),
            "collected_at": item.processing.collection.collected_at,
            "url": item.processing.collection.request.get("url", ""),
            "basis": item.processing.collection.request.get("basis", ""),
            "processing": str(item.processing_id),
            "transformer": item.processing.transformer,
            "row": item.row,
            "outcome": item.status,
            "stands": item.processing.counts and item.processing.superseded_by_id is None,
        }
        for item in items.order_by("pk")[:100]
    ]


def unprocessed() -> QuerySet[RawCollection]:
    """Return recognised collections whose processing has not come to its end; no drafts."""
    done = Processing.objects.filter(collection=OuterRef("pk"), processed_at__isnull=False)
    stored = RawCollection.objects.filter(status=RawCollection.Status.STORED)
    stored = stored.exclude(upload__status__in=Upload.HELD)
    return stored.filter(~Exists(done)).order_by("collected_at")


def unloaded() -> QuerySet[Processing]:
    """Return processings that have items waiting to be loaded."""
    pending = ProcessedJob.objects.filter(
        processing=OuterRef("pk"), status=ProcessedJob.Status.PENDING
    )
    done = Processing.objects.filter(processed_at__isnull=False, loaded_at=None)
    done = done.exclude(collection__upload__status__in=Upload.HELD)
    done = done.exclude(reprocessing__shadow=True)  # somebody has to promote it
    return done.exclude(status=Processing.Status.FAILED).filter(Exists(pending))
