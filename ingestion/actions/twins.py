"""Bytes that were read before in the same way: their rows are taken over, not read again."""

import hashlib
from collections.abc import Sequence
from typing import Any

import orjson
from django.db import connection

from ingestion.models import ProcessedJob, Processing, RawCollection
from ingestion.reports.vocabulary import stamp

# an item that could not be read is read again, one that its file held back could be
KNOWN = """
    SELECT row, external_id, url_key, content_key, content_hash, data::text, warnings::text
    FROM ingestion_processedjob
    WHERE processing_id = %s AND row = ANY(%s) AND data IS NOT NULL
"""


def basis_of(collection: RawCollection, transformer: str) -> str:
    """Return a digest of all that decides, beside the bytes, what a pass makes of them.

    The day is part of it: "3 days ago" is dated by when it came.
    """
    source = collection.source
    parts = (
        transformer,
        stamp(),
        collection.shape,
        collection.request,
        source.adapter,
        source.employer or source.name,
        collection.collected_at.date(),
    )
    text = orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(text).hexdigest()


def twin_of(processing: Processing) -> Processing | None:
    """Return an ended pass over the same bytes by the same means, if there is one."""
    if not processing.basis:
        return None
    sha256 = processing.collection.artifact.sha256
    same = Processing.objects.filter(collection__artifact__sha256=sha256, basis=processing.basis)
    ended = same.filter(status__in=[Processing.Status.COMPLETED, Processing.Status.PARTIAL])
    return ended.exclude(pk=processing.pk).first()


def known_rows(
    processing: Processing, twin: Processing | None, numbers: Sequence[int]
) -> dict[int, tuple[Any, ...]]:
    """Return those of some items that the twin has read, by number, as rows of this pass."""
    if twin is None:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, [twin.pk, list(numbers)])
        return {row[0]: _row(processing, *row) for row in cursor.fetchall()}


def _row(processing: Processing, number: int, *known: Any) -> tuple[Any, ...]:
    *keys, data, warnings = known
    return (
        processing.pk, number, ProcessedJob.Status.PENDING, *keys, data, None, warnings, "", "", "",
    )  # fmt: skip
