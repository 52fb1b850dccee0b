"""Keep rows of the catalogue as they were before a repeated pass, and put them back.

PostgreSQL itself turns a row into JSON and back, so every value comes back to the bit.
"""

from collections.abc import Iterable, Mapping

from django.db import connection
from django.db.models import ProtectedError

from ingestion.models import BeforeImage, Job, Processing, Sighting

from .catalogue import PATCHED
from .decisions import UNSEEN, Batch

JOB, SIGHTING = BeforeImage.Table.JOB, BeforeImage.Table.SIGHTING
# where two rows of one pass change one job, what was there first is what comes back
KEEP_JOBS = """
INSERT INTO ingestion_beforeimage AS b (processing_id, "table", row_id, columns, written_at)
SELECT %s, 'job', j.id, (
    SELECT jsonb_object_agg(c.key, c.value) FROM jsonb_each(to_jsonb(j)) AS c
    WHERE c.key = 'updated_at' OR c.key = ANY(string_to_array(v.names, ','))
), now()
FROM unnest(%s::bigint[], %s::text[]) AS v(id, names) JOIN ingestion_job AS j ON j.id = v.id
ON CONFLICT (processing_id, "table", row_id) DO UPDATE
SET columns = EXCLUDED.columns || b.columns
"""
KEEP_NEW_JOBS = """
INSERT INTO ingestion_beforeimage (processing_id, "table", row_id, written_at)
SELECT %s, 'job', id, updated_at FROM ingestion_job WHERE id = ANY(%s)
"""
KEEP_SIGHTINGS = """
INSERT INTO ingestion_beforeimage (processing_id, "table", row_id, columns)
SELECT %s, 'sighting', s.id, jsonb_build_object(
    'key', s.key, 'url', s.url, 'processing_id', s.processing_id, 'last_seen_at', s.last_seen_at)
FROM ingestion_sighting AS s
WHERE s.source_id = %s AND (s.key = ANY(%s) OR s.id = ANY(%s))
ON CONFLICT DO NOTHING
"""
NEW_SIGHTINGS = """
INSERT INTO ingestion_beforeimage (processing_id, "table", row_id)
SELECT %s, 'sighting', s.id FROM ingestion_sighting AS s
WHERE s.source_id = %s AND s.key = ANY(%s)
ON CONFLICT DO NOTHING
"""
PUT_JOBS_BACK = f"""
UPDATE ingestion_job AS j SET ({PATCHED}) = (
    SELECT {PATCHED} FROM jsonb_populate_record(j, b.columns)
) FROM ingestion_beforeimage AS b
WHERE b.id = ANY(%s) AND j.id = b.row_id AND j.updated_at = b.written_at RETURNING j.id
"""  # noqa: S608 # our own names
PUT_SIGHTINGS_BACK = """
UPDATE ingestion_sighting AS s SET (key, url, processing_id, last_seen_at) = (
    SELECT key, url, processing_id, last_seen_at FROM jsonb_populate_record(s, b.columns)
) FROM ingestion_beforeimage AS b
WHERE b.id = ANY(%s) AND s.id = b.row_id AND s.processing_id = b.processing_id
"""


def keep_jobs(processing: Processing, names: Mapping[int, Iterable[str]]) -> None:
    """Keep the named columns of jobs that are about to change."""
    with connection.cursor() as cursor:
        joined = [",".join(one) for one in names.values()]
        cursor.execute(KEEP_JOBS, [processing.pk, list(names), joined])


def keep_new_jobs(processing: Processing, ids: Iterable[int]) -> None:
    """Keep that jobs were not there."""
    with connection.cursor() as cursor:
        cursor.execute(KEEP_NEW_JOBS, [processing.pk, list(ids)])


def keep_sightings(batch: Batch) -> None:
    """Keep the sightings that the batch is about to move on."""
    source = batch.processing.collection.source_id
    with connection.cursor() as cursor:
        ids = list(batch.renamed)
        cursor.execute(KEEP_SIGHTINGS, [batch.processing.pk, source, list(batch.here), ids])


def keep_new_sightings(batch: Batch) -> None:
    """Keep that the sightings which the batch just wrote were not there."""
    decisions = batch.decisions.values()
    keys = {d.key for d in decisions if d.job_id and d.rule not in UNSEEN} - set(batch.here)
    with connection.cursor() as cursor:
        source = batch.processing.collection.source_id
        cursor.execute(NEW_SIGHTINGS, [batch.processing.pk, source, list(keys)])


def put_back(images: list[BeforeImage]) -> tuple[list[int], int, int]:
    """Put rows back as they were; return jobs put back, how many went, how many had moved on.

    What somebody changed after the pass stays, and a job that was new goes unless something else
    stands on it by now: it is then marked removed.
    """
    sightings = [image for image in images if image.table == SIGHTING]
    jobs = [image for image in images if image.table == JOB]
    new = [image.row_id for image in sightings if image.columns is None]
    Sighting.objects.filter(pk__in=new, processing=images[0].processing_id).delete()
    with connection.cursor() as cursor:
        cursor.execute(PUT_SIGHTINGS_BACK, [[image.pk for image in sightings if image.columns]])
        changed = [image.pk for image in jobs if image.columns is not None]
        cursor.execute(PUT_JOBS_BACK, [changed])
        back = [job_id for (job_id,) in cursor.fetchall()]
    gone = sum(_take_away(image) for image in jobs if image.columns is None)
    return sorted(back), gone, len(jobs) - len(back) - gone


def _take_away(image: BeforeImage) -> int:
    """Remove a job that a pass brought; 0 when it is gone or somebody has changed it since."""
    job = Job.objects.filter(pk=image.row_id).first()
    if job is None or job.updated_at != image.written_at:
        return 0
    try:
        job.delete()
    except ProtectedError:
        job.move(Job.Status.REMOVED)
    return 1
