"""Put normalised items into the catalogue: new, changed or known; findable moments later."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F
from django.db.models.functions import Now

from ingestion.errors import FileHeld
from ingestion.events import JobsLoaded, JobsReprocessed
from ingestion.models import Job, JobVersion, ProcessedJob, Processing, RowMatch, Sighting, Upload
from ingestion.rules.choices import Chosen, Wishes
from ingestion.rules.duplicates import Item, Verdict
from ingestion.rules.literals import array_of
from ingestion.rules.normalise import Posting
from jobly.errors import Conflict
from jobly.runs.actions import emit
from jobly.runs.actions.crash import crashpoint
from jobly.runs.actions.progress import Progress

from . import images
from .catalogue import CONTENT, update_jobs, values_of, write_columns
from .decisions import UNSEEN, Batch, decide_all, pending, shared_urls
from .employers import employers_for
from .inserting import insert_jobs
from .processing import counts
from .recognising import TO_THE, recognise
from .searching import index_pass, indexing
from .settling import replace_earlier, settle
from .versions import Note, noting

TABLES = tuple(model._meta.db_table for model in (Job, Sighting, ProcessedJob))  # noqa: SLF001 # Django's documented name
BATCH = 1_000  # items a transaction
MOST_KNOWN = 4_000  # items a transaction while hardly any of them is new
FEW = BATCH // 10  # to be decided one by one: with more of them a transaction would grow long
# a sighting as it was is only moved on; the address in the item may have changed with the others
SEEN_AGAIN = """
UPDATE ingestion_sighting SET last_seen_at = %(seen)s, processing_id = %(processing)s
WHERE source_id = %(source)s AND key = ANY(%(keys)s)
"""
SEEN = """
INSERT INTO ingestion_sighting
    (job_id, source_id, key, url, processing_id, first_seen_at, last_seen_at)
SELECT v.job_id, %(source)s, v.key,
    coalesce(v.url, nullif(p.data->>'url', ''), p.data->>'apply_url', ''),
    %(processing)s, %(seen)s, %(seen)s
FROM unnest(%(keys)s::text[], %(jobs)s::bigint[], %(items)s::bigint[], %(urls)s::text[])
    AS v(key, job_id, item_id, url)
JOIN ingestion_processedjob AS p ON p.id = v.item_id
ON CONFLICT (source_id, key) DO UPDATE SET last_seen_at = EXCLUDED.last_seen_at,
    url = EXCLUDED.url, processing_id = EXCLUDED.processing_id
"""
RENAME = "UPDATE ingestion_sighting SET key = %s WHERE id = %s"
LOAD_LOCK = 0x10B1  # advisory lock class: one loader a company at a time


def load_processing(progress: Progress, processing_id: str) -> dict[str, Any]:
    """Load every pending item of a processing; running twice changes nothing.

    A shadow is loaded when somebody has promoted it. What a repeated pass writes can be rolled
    back, and it tells of jobs that are new as any load does, of others as reprocessed ones.
    Emits: JobsLoaded and JobsReprocessed, at most one of each a batch. Raises: FileHeld while a
    person has not let the file in, Conflict for a shadow that nobody promoted.
    """
    rows = Processing.objects.select_related("collection__source__company", "reprocessing")
    processing = rows.get(pk=processing_id)
    _check_may_load(processing)
    shared, wishes = shared_urls(processing), _wishes(processing)
    progress.tell(step="Loading into the catalogue", total=processing.raw, failed=processing.failed)
    with indexing():
        most = BATCH
        while most := _load_batch(progress, processing, shared, wishes, most):
            _analyse_new_tables()
            processing.refresh_from_db(fields=["loaded", "updated", "duplicates"])
            done = processing.loaded + processing.updated
            progress.tell(done=done, skipped=processing.duplicates)
        progress.tell(step="Making it findable")
        index_pass(processing.pk)  # side by side with what has indexed until now
    _close(progress, processing)
    processing.refresh_from_db()
    return counts(processing)


def _check_may_load(processing: Processing) -> None:
    """Raise where somebody has to decide first."""
    if Upload.objects.filter(collection=processing.collection_id, status__in=Upload.HELD).exists():
        raise FileHeld("The file waits for its recruiter, who imports it from its page.")
    again = processing.reprocessing
    if again and again.shadow and again.status != again.Status.PROMOTING:
        raise Conflict("This pass is a shadow that nobody has promoted; nothing was loaded.")


def _close(progress: Progress, processing: Processing) -> None:
    """End the pass: from now on it stands for the earlier ones of its collection."""
    with progress.transaction():
        fresh = Processing.objects.filter(pk=processing.pk, loaded_at=None)
        if fresh.update(loaded_at=Now()) and processing.reprocessing_id:
            replace_earlier(processing)
        waiting = Upload.objects.filter(collection=processing.collection_id)
        if processing.repairs:  # a file that was refused for its rows, which are mended now
            waiting.filter(status=Upload.Status.REFUSED, error_code="all_or_nothing").update(
                status=Upload.Status.LOADED, error_code="", error=""
            )
        waiting.filter(status=Upload.Status.QUEUED).update(status=Upload.Status.LOADED)
        if processing.reprocessing_id:
            settle(processing.reprocessing_id)


def _analyse_new_tables() -> None:
    """Have PostgreSQL look at tables that it has only ever seen empty.

    Its own daemon does so within a minute; until then it takes them for tiny, and reads all of a
    company's jobs for each batch.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE oid = ANY(%s::regclass[]) AND reltuples <= 0",
            [list(TABLES)],
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f"ANALYZE {name}")


def _wishes(processing: Processing) -> Wishes:
    """Return what people chose for rows of this file; a job that is gone is nobody's choice."""
    company = processing.collection.source.company_id
    rows = RowMatch.objects.filter(upload__collection=processing.collection_id).exclude(choice="")
    found = list(rows.values_list("row", "choice", "job_id", "upload_id"))
    jobs = {job for _, _, job, _ in found if job}
    known = set(Job.objects.filter(pk__in=jobs, company=company).values_list("pk", flat=True))
    chosen = {
        row: Chosen(choice, job) for row, choice, job, _ in found if job is None or job in known
    }
    return Wishes(chosen, f"twin:{found[0][3]}") if found else Wishes()


def _load_batch(
    progress: Progress,
    processing: Processing,
    shared: frozenset[str],
    wishes: Wishes,
    most: int,
) -> int:
    """Load the next items in one fenced transaction; return how many to look at next, 0 for none.

    Of those that are known as they are nothing is fetched, so more are taken while most are.
    """
    with progress.transaction():
        _lock_catalogue(processing.collection.source.company_id)
        until = None
        if not wishes.choices and not processing.reprocessing_id:
            found = recognise(processing, shared, most)
            if not found.looked_at:
                return 0
            _add(processing, duplicates=found.known)
            until, most = found.last_row, min(2 * most, MOST_KNOWN)
        batch = Batch(processing, pending(processing, until=until, most=BATCH), wishes)
        if batch.rows:
            decide_all(batch, shared)
            batch.read(Verdict.CHANGED)
            _write(batch)
            _close_rows(batch)
            _tell(batch)
        elif until is None:
            return 0
        crashpoint("ingestion.mid_load")
    return most if len(batch.rows) < FEW else BATCH


def _tell(batch: Batch) -> None:
    """Tell which jobs are new or changed; of what is only read anew nobody is told twice.

    What follows, comparing and embedding say, is work of its own: no import waits for it.
    """
    ids = {
        verdict: sorted({batch.decisions[row.pk].job_id or 0 for row in batch.of(verdict)})
        for verdict in (Verdict.NEW, Verdict.CHANGED)
    }
    company = batch.processing.collection.source.company
    if batch.is_again:
        if ids[Verdict.CHANGED]:
            emit(JobsReprocessed(job_ids=ids[Verdict.CHANGED]), company=company, detached=True)
        ids[Verdict.CHANGED] = []
    if loaded := sorted(ids[Verdict.NEW] + ids[Verdict.CHANGED]):
        emit(JobsLoaded(job_ids=loaded), company=company, detached=True)


def _lock_catalogue(company_id: UUID | None) -> None:
    """Let one loader at a time decide what is new in this company's part of the catalogue."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [LOAD_LOCK, str(company_id)]
        )


def _write(batch: Batch) -> None:
    """Insert new jobs, change changed ones, and note where each was seen."""
    collection = batch.processing.collection
    items = [row.pk for row in batch.of(Verdict.NEW)]
    made = insert_jobs(collection.source, items, seen=collection.collected_at)
    for pk, (job_id, _) in made.items():
        batch.decisions[pk] = replace(batch.decisions[pk], job_id=job_id)
    if batch.is_again:
        images.keep_new_jobs(batch.processing, [job_id for job_id, _ in made.values()])
        images.keep_sightings(batch)
    _update(batch)
    _note_sightings(batch, {pk: url for pk, (_, url) in made.items()})
    if batch.is_again:
        images.keep_new_sightings(batch)


def _update(batch: Batch) -> None:
    """Change jobs; of a company's own each change is kept as a version."""
    changed = batch.of(Verdict.CHANGED)
    ids = {batch.decisions[row.pk].job_id or 0 for row in changed}
    if not ids:
        return
    if batch.processing.collection.source.company_id is None:
        _change(batch, changed)
        return
    with noting(ids, _note(batch)):
        _change(batch, changed)


def _note(batch: Batch) -> Note:
    """Say by which door the change of a company's jobs came."""
    collection = batch.processing.collection
    if again := batch.processing.reprocessing:
        return Note(JobVersion.How.REPROCESS, again.created_by, f"Read anew by {again.transformer}")
    upload = Upload.objects.filter(collection=collection).select_related("created_by").first()
    actor = upload.created_by if upload else None
    return Note(
        JobVersion.How.UPLOAD, actor, f"The file {collection.file_name or collection.source.name}"
    )


def _change(batch: Batch, changed: list[Item]) -> None:
    """Write what differs: all columns of what a source changed, those that differ when read anew.

    A repeated pass keeps what was there before, and brings no closed job back.
    """
    rows = [(batch.decisions[row.pk].job_id or 0, row, batch.postings[row.pk]) for row in changed]
    if not batch.is_again:
        update_jobs(rows)
        return
    patches = _differing_columns(batch, rows)
    images.keep_jobs(batch.processing, {job: list(patch) for job, patch in patches.items()})
    write_columns(patches)


def _differing_columns(
    batch: Batch, rows: list[tuple[int, Item, Posting]]
) -> dict[int, dict[str, Any]]:
    """Return the columns to write by job; employers that are new are made for it."""
    employers = employers_for(posting for _, _, posting in rows)
    patches = {}
    for job_id, row, posting in rows:
        values = dict(zip(CONTENT, values_of(row, posting, employers), strict=True))
        names = batch.differing.get(job_id, CONTENT)
        patches[job_id] = {name: values[name] for name in names}
    return patches


def _note_sightings(batch: Batch, urls: Mapping[int, str]) -> None:
    """Write that each job was seen at this source now, under its key.

    `urls` are the addresses that are known by item; the others are read out of the items.
    """
    processing = batch.processing
    seen = processing.collection.collected_at
    rows = {
        decision.key: (decision.job_id, row.pk)
        for row in batch.rows
        if (decision := batch.decisions[row.pk]).job_id and decision.rule not in UNSEEN
    }
    if not rows:
        return
    known = {
        batch.decisions[row.pk].key
        for row in batch.of(Verdict.KNOWN)
        if batch.decisions[row.pk].key in batch.here
    }
    strange = {key: pair for key, pair in rows.items() if key not in known}
    jobs, items = zip(*strange.values(), strict=True) if strange else ((), ())
    told: dict[str, Any] = {
        "source": processing.collection.source_id,
        "processing": processing.pk,
        "seen": seen,
    }
    with connection.cursor() as cursor:
        for sighting_id, key in batch.renamed.items():
            cursor.execute(RENAME, [key, sighting_id])
        if known:
            keys = [key for key in rows if key in known]
            cursor.execute(SEEN_AGAIN, told | {"keys": array_of(keys)})
        if strange:
            known_urls = [urls.get(item) for item in items]
            new = {"keys": list(strange), "jobs": jobs, "items": items, "urls": known_urls}
            cursor.execute(SEEN, told | {name: array_of(list(v)) for name, v in new.items()})
    if not batch.is_again:
        fresh = {batch.decisions[row.pk].job_id for row in batch.of(Verdict.NEW)}
        before = Job.objects.filter(last_seen_at__lt=seen - TO_THE)
        again = {job for job, _ in rows.values()} - fresh
        before.filter(pk__among=again).update(last_seen_at=seen)


def _close_rows(batch: Batch) -> None:
    """Write each item's fate and job, and the sums."""
    by_key = {d.key: d.job_id for d in batch.decisions.values() if d.job_id}
    fates = {
        Verdict.NEW: ProcessedJob.Status.LOADED,
        Verdict.CHANGED: ProcessedJob.Status.UPDATED,
        Verdict.KNOWN: ProcessedJob.Status.DUPLICATE,
    }
    decided = [batch.decisions[row.pk] for row in batch.rows]
    statuses = [fates[decision.verdict] for decision in decided]
    jobs = [decision.job_id or by_key.get(decision.key) for decision in decided]
    _update_items([row.pk for row in batch.rows], statuses, jobs)
    _add(
        batch.processing,
        loaded=len(batch.of(Verdict.NEW)),
        updated=len(batch.of(Verdict.CHANGED)),
        duplicates=len(batch.of(Verdict.KNOWN)),
    )


def _add(processing: Processing, **more: int) -> None:
    """Add to the sums of a pass."""
    sums = {name: F(name) + count for name, count in more.items() if count}
    if sums:
        Processing.objects.filter(pk=processing.pk).update(**sums)


def _update_items(items: list[int], statuses: Sequence[str], jobs: list[int | None]) -> None:
    """Write status and job of many items in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ingestion_processedjob AS p SET status = v.status, job_id = v.job_id"
            " FROM unnest(%s::bigint[], %s::text[], %s::bigint[]) AS v(id, status, job_id)"
            " WHERE p.id = v.id",
            [array_of(items), array_of(statuses), array_of(jobs)],
        )
