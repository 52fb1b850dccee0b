"""Recognise the items of a pass that changed nothing, without fetching one of them."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any, Final, NamedTuple

from django.db import connection

from ingestion.models import Processing
from ingestion.rules.duplicates import CONTENT, REFERENCE, URL

TO_THE: Final = timedelta(minutes=10)  # how exactly a wide row says when its job was last seen
# Says of items what `source_key` and `decide` say, but only where nothing has to be weighed: a key
# that comes once among them, seen before by an earlier collection, of a job that is as it was.
RECOGNISE: Final = f"""
WITH waiting AS MATERIALIZED (
    SELECT id, row, content_hash, key, count(*) OVER (PARTITION BY key) AS times FROM (
        SELECT id, row, content_hash, CASE
            WHEN external_id <> '' THEN '{REFERENCE}:' || external_id
            WHEN url_key <> '' AND url_key <> ALL(%(shared)s::text[]) THEN '{URL}:' || url_key
            ELSE '{CONTENT}:' || content_key END AS key
        FROM ingestion_processedjob WHERE processing_id = %(processing)s AND status = 'pending'
        ORDER BY row LIMIT %(most)s
    ) AS item
), same AS MATERIALIZED (
    SELECT w.id, s.id AS sighting_id, s.job_id, j.last_seen_at FROM waiting AS w
    JOIN ingestion_sighting AS s ON s.source_id = %(source)s AND s.key = w.key
    JOIN ingestion_job AS j ON j.id = s.job_id
    JOIN ingestion_processing AS p ON p.id = s.processing_id
    JOIN ingestion_rawcollection AS c ON c.id = p.collection_id
    WHERE w.times = 1 AND s.processing_id <> %(processing)s AND c.collected_at <= %(seen)s
        AND (j.source_id <> %(source)s OR j.content_hash = w.content_hash)
), sightings AS (
    UPDATE ingestion_sighting AS s SET last_seen_at = %(seen)s, processing_id = %(processing)s
    FROM same WHERE s.id = same.sighting_id
), items AS (
    UPDATE ingestion_processedjob AS p SET status = 'duplicate', job_id = same.job_id
    FROM same WHERE p.id = same.id
), jobs AS (
    UPDATE ingestion_job AS j SET last_seen_at = %(seen)s
    FROM same WHERE j.id = same.job_id AND same.last_seen_at < %(seen)s - %(to_the)s
)
SELECT count(*), coalesce(max(row), 0), (SELECT count(*) FROM same) FROM waiting
"""  # noqa: S608 # our own names


class Recognised(NamedTuple):
    """How many items were looked at, the last one's row number, and how many are done with."""

    looked_at: int
    last_row: int
    known: int


def recognise(processing: Processing, shared: Collection[str], most: int) -> Recognised:
    """Close those of the next `most` items that are known as they are; the others stay pending.

    Cost: about 30 µs an item on one core, in one statement of the caller's transaction.
    """
    collection = processing.collection
    told: dict[str, Any] = {
        "processing": processing.pk,
        "source": collection.source_id,
        "seen": collection.collected_at,
        "shared": list(shared),
        "to_the": TO_THE,
        "most": most,
    }
    with connection.cursor() as cursor:
        cursor.execute(RECOGNISE, told)
        return Recognised(*cursor.fetchone())
