"""Fill what the full-text search looks into, from the queue that triggers on jobs keep."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import structlog
from django.db import DatabaseError, connection, transaction

from ingestion.models import ProcessedJob, Unindexed
from ingestion.rules.literals import array_of
from ingestion.rules.searched import searched
from jobly.runs.actions.crash import crashpoint

log = structlog.get_logger("ingestion.searching")
BATCH = 500  # jobs a transaction
IDLE_SECONDS = 0.05
# what others index at this moment is theirs; a job that changes meanwhile is locked or comes again
TAKE = """
DELETE FROM ingestion_unindexed WHERE job_id IN (
    SELECT job_id FROM ingestion_unindexed ORDER BY job_id LIMIT %s FOR UPDATE SKIP LOCKED
) RETURNING job_id
"""
WORDS = """
SELECT j.id, concat_ws(E'\\n', j.title, e.name, j.location_text, j.city, j.region,
    array_to_string(j.skills, ' '), j.description_text)
FROM ingestion_job AS j JOIN ingestion_employer AS e ON e.id = j.employer_id WHERE j.id = ANY(%s)
"""
# strip() drops positions: ranking is by date, so they would only make the index larger
INDEX = """
INSERT INTO ingestion_jobsearch AS s (job_id, document, newest)
SELECT v.id, strip(to_tsvector('english', v.words)), coalesce(j.posted_at, j.first_seen_at)
FROM unnest(%s::bigint[], %s::text[]) AS v(id, words) JOIN ingestion_job AS j ON j.id = v.id
ON CONFLICT (job_id) DO UPDATE SET document = EXCLUDED.document, newest = EXCLUDED.newest
"""
# the word index takes a batch at once, at a fraction of the cost of each word by itself; what waits
# would be read through by every search, so it goes in with the batch
FLUSH = "SELECT gin_clean_pending_list('job_search')"


def index_next(most: int = BATCH) -> int:
    """Make the next waiting jobs findable; return how many there were. Safe side by side."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(TAKE, [most])
        ids = [job_id for (job_id,) in cursor.fetchall()]
        if not ids:
            return 0
        cursor.execute(WORDS, [array_of(ids)])
        rows = cursor.fetchall()
        words = [searched(text) for _, text in rows]
        cursor.execute(INDEX, [array_of([job for job, _ in rows]), array_of(words)])
        cursor.execute(FLUSH)
        crashpoint("ingestion.mid_index")
    return len(ids)


def index_waiting() -> int:
    """Make every waiting job findable that nobody else has in hand; return how many."""
    indexed = 0
    while count := index_next():
        indexed += count
    return indexed


def index_pass(processing_id: UUID) -> None:
    """Return when every job that a pass wrote is findable, by us or by others."""
    jobs = ProcessedJob.objects.filter(processing=processing_id, job_id__isnull=False)
    ours = Unindexed.objects.filter(job_id__in=jobs.values("job_id"))
    while ours.exists():
        if not index_next():
            time.sleep(IDLE_SECONDS)


@contextmanager
def indexing() -> Iterator[None]:
    """Index beside the block, on a connection of its own, what the block commits.

    PostgreSQL makes the words while Python prepares the next rows. Inside somebody's transaction
    another connection would see nothing, so nothing is begun there.
    """
    if connection.in_atomic_block:
        yield
        return
    over = threading.Event()
    thread = threading.Thread(target=_index_until, args=[over], name="indexing", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _index_until(over: threading.Event) -> None:
    """Index what waits until told to stop; what fails stays in the queue for the next one."""
    try:
        while not over.is_set():
            if not index_next():
                over.wait(IDLE_SECONDS)
    except DatabaseError as exc:
        log.warning("indexing_stopped", error=str(exc))
    finally:
        connection.close()
