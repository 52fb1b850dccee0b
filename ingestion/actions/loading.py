"""Put normalised items into the catalogue: new, changed or known; each batch searchable at once."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, QuerySet
from django.db.models.functions import Now

from ingestion.errors import FileHeld
from ingestion.events import JobsLoaded
from ingestion.models import Job, JobVersion, ProcessedJob, Processing, RowMatch, Sighting, Upload
from ingestion.rules.choices import SKIPPED, Chosen, Wishes, obeyed
from ingestion.rules.duplicates import Decision, Item, Known, Verdict, decide, source_key
from ingestion.rules.normalise import Posting
from jobly.runs.actions import emit
from jobly.runs.actions.crash import crashpoint
from jobly.runs.actions.progress import Progress

from .catalogue import insert_jobs, update_jobs
from .processing import counts
from .searching import index_jobs
from .versions import Note, noting

BATCH = 500  # items a transaction
TABLES = tuple(model._meta.db_table for model in (Job, Sighting, ProcessedJob))  # noqa: SLF001 # Django's documented name
LOAD_LOCK = 0x10B1  # advisory lock class: one loader a company at a time


@dataclass(slots=True)
class Batch:
    """One batch of items with what was decided about each."""

    processing: Processing
    rows: list[ProcessedJob]
    wishes: Wishes = field(default_factory=Wishes)
    postings: dict[int, Posting] = field(default_factory=dict)
    decisions: dict[int, Decision] = field(default_factory=dict)

    def of(self, verdict: Verdict) -> list[ProcessedJob]:
        """Return the rows with this verdict."""
        return [row for row in self.rows if self.decisions[row.pk].verdict == verdict]


def load_processing(progress: Progress, processing_id: str) -> dict[str, Any]:
    """Load every pending item of a processing; running twice changes nothing.

    Emits: JobsLoaded, one a batch. Raises: FileHeld while a person has not let the file in.
    """
    processing = Processing.objects.select_related("collection__source__company").get(
        pk=processing_id
    )
    if Upload.objects.filter(collection=processing.collection_id, status__in=Upload.HELD).exists():
        raise FileHeld("The file waits for its recruiter, who imports it from its page.")
    shared, wishes = shared_urls(processing), _wishes(processing)
    progress.tell(step="Loading into the catalogue", total=processing.raw, failed=processing.failed)
    while _load_batch(progress, processing, shared, wishes):
        _analyse_new_tables()
        processing.refresh_from_db(fields=["loaded", "updated", "duplicates"])
        progress.tell(done=processing.loaded + processing.updated, skipped=processing.duplicates)
    with progress.transaction():
        Processing.objects.filter(pk=processing.pk, loaded_at=None).update(loaded_at=Now())
        Upload.objects.filter(
            collection=processing.collection_id, status=Upload.Status.QUEUED
        ).update(status=Upload.Status.LOADED)
    processing.refresh_from_db()
    return counts(processing)


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
    progress: Progress, processing: Processing, shared: frozenset[str], wishes: Wishes
) -> int:
    """Load the next items in one fenced transaction; return how many there were."""
    source = processing.collection.source
    with progress.transaction():
        _lock_catalogue(source.company_id)
        pending = processing.items.filter(status=ProcessedJob.Status.PENDING)
        batch = Batch(processing, list(pending.order_by("row")[:BATCH]), wishes)
        if not batch.rows:
            return 0
        decide_all(batch, shared)
        _write(batch)
        crashpoint("ingestion.mid_load")
        _close_rows(batch)
        if loaded := [
            d.job_id
            for d in batch.decisions.values()
            if d.job_id and d.verdict is not Verdict.KNOWN
        ]:
            emit(JobsLoaded(job_ids=sorted(set(loaded))), company=source.company)
    return len(batch.rows)


def _lock_catalogue(company_id: UUID | None) -> None:
    """Let one loader at a time decide what is new in this company's part of the catalogue."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [LOAD_LOCK, str(company_id)]
        )


def shared_urls(processing: Processing) -> frozenset[str]:
    """Find addresses that items without an own id share though their content differs."""
    rows = (
        processing.items.filter(external_id="")
        .exclude(url_key="")
        .values("url_key")
        .annotate(contents=Count("content_key", distinct=True))
        .filter(contents__gt=1)
    )
    return frozenset(rows.values_list("url_key", flat=True))


def decide_all(batch: Batch, shared: frozenset[str]) -> None:
    """Decide each item; what comes twice in a collection is what it was the first time.

    What a person chose for a row is stronger.
    """
    items = {row.pk: _item(row) for row in batch.rows}
    keys = {pk: source_key(item, shared) for pk, item in items.items()}
    sightings = _sightings(batch.processing, set(keys.values()))
    repeated = {s.key for s in sightings if s.processing_id == batch.processing.pk}
    known = _known(batch, list(items.values()), sightings, shared)
    for row in batch.rows:
        key = keys[row.pk]
        if key in repeated:
            decision = Decision(Verdict.KNOWN, key, known.here.get(key), "repeated")
        else:
            repeated.add(key)
            decision = decide(items[row.pk], known)
        decision = batch.decisions[row.pk] = obeyed(decision, row.row, batch.wishes)
        if decision.verdict is not Verdict.KNOWN:
            batch.postings[row.pk] = Posting.from_dict(row.data or {})


def _item(row: ProcessedJob) -> Item:
    """Return what the row is known by."""
    return Item(row.row, row.external_id, row.url_key, row.content_key, row.content_hash)


def _sightings(processing: Processing, keys: set[str]) -> list[Sighting]:
    """Fetch where this source's items were seen before."""
    rows = Sighting.objects.filter(source=processing.collection.source, key__in=keys)
    return list(rows.select_related("job").defer("job__description_html", "job__description_text"))


def _known(
    batch: Batch, items: list[Item], sightings: list[Sighting], shared: frozenset[str]
) -> Known:
    """Fetch what the catalogue knows around these items, in two queries.

    A job that this source already lists under an id of its own is no candidate for another id:
    distinct references of one source are distinct jobs, however alike.
    """
    source = batch.processing.collection.source
    here = {s.key: s.job_id for s in sightings}
    own = {s.job_id: s.job.content_hash for s in sightings if s.job.source_id == source.pk}
    # asked of each candidate: a list of all the source's sightings would grow with every batch
    listed = Sighting.objects.filter(job=OuterRef("pk"), source=source, key__startswith="ref:")
    jobs = Job.objects.filter(~Exists(listed), company=source.company_id)
    urls = {item.url_key for item in items if item.url_key} - shared
    contents = {item.content_key for item in items}
    return Known(
        here=here,
        own=own,
        # the index leaves out jobs without an address, which the planner has to be told
        by_url=_oldest(jobs.filter(url_key__in=urls).exclude(url_key=""), "url_key"),
        by_content=_oldest(jobs.filter(content_key__in=contents), "content_key"),
        shared_urls=shared,
    )


def _oldest(jobs: QuerySet[Job], name: str) -> dict[str, int]:
    """Map each identity to the job that had it first."""
    return dict(jobs.order_by("-pk").values_list(name, "pk"))


def _write(batch: Batch) -> None:
    """Insert new jobs, change changed ones, note where each was seen, and index both."""
    source = batch.processing.collection.source
    new = [(row, batch.postings[row.pk]) for row in batch.of(Verdict.NEW)]
    changed = [(row, batch.postings[row.pk]) for row in batch.of(Verdict.CHANGED)]
    ids = insert_jobs(source, new)
    for (row, _), job_id in zip(new, ids, strict=True):
        decision = batch.decisions[row.pk]
        batch.decisions[row.pk] = Decision(decision.verdict, decision.key, job_id, decision.rule)
    _update(batch, changed)
    _note_sightings(batch)
    index_jobs(
        [(batch.decisions[row.pk].job_id or 0, posting) for row, posting in (*new, *changed)]
    )


def _update(batch: Batch, changed: list[tuple[ProcessedJob, Posting]]) -> None:
    """Change jobs; of a company's own each change is kept as a version."""
    rows = [(batch.decisions[row.pk].job_id or 0, row, posting) for row, posting in changed]
    collection = batch.processing.collection
    if not rows or collection.source.company_id is None:
        update_jobs(rows)
        return
    upload = Upload.objects.filter(collection=collection).select_related("created_by").first()
    note = Note(
        JobVersion.How.UPLOAD,
        upload.created_by if upload else None,
        f"The file {collection.file_name or collection.source.name}",
    )
    with noting({job_id for job_id, _, _ in rows}, note):
        update_jobs(rows)


def _note_sightings(batch: Batch) -> None:
    """Write that each job was seen at this source now, under its key."""
    processing = batch.processing
    seen = processing.collection.collected_at
    rows = {
        decision.key: Sighting(
            job_id=decision.job_id,
            source=processing.collection.source,
            key=decision.key,
            url=(row.data or {}).get("url") or (row.data or {}).get("apply_url") or "",
            processing=processing,
            first_seen_at=seen,
            last_seen_at=seen,
        )
        for row in batch.rows
        if (decision := batch.decisions[row.pk]).job_id
        and decision.rule not in ("repeated", SKIPPED)
    }
    Sighting.objects.bulk_create(
        rows.values(),
        update_conflicts=True,
        unique_fields=["source", "key"],
        update_fields=["last_seen_at", "url", "processing"],
    )
    jobs = {row.job_id for row in rows.values()}
    Job.objects.filter(pk__in=jobs, last_seen_at__lt=seen).update(last_seen_at=seen)


def _close_rows(batch: Batch) -> None:
    """Write each item's fate and job, and the sums."""
    by_key = {d.key: d.job_id for d in batch.decisions.values() if d.job_id}
    fates = {
        Verdict.NEW: ProcessedJob.Status.LOADED,
        Verdict.CHANGED: ProcessedJob.Status.UPDATED,
        Verdict.KNOWN: ProcessedJob.Status.DUPLICATE,
    }
    for row in batch.rows:
        decision = batch.decisions[row.pk]
        row.status = fates[decision.verdict]
        row.job_id = decision.job_id or by_key.get(decision.key)
    _update_items(batch.rows)
    Processing.objects.filter(pk=batch.processing.pk).update(
        loaded=F("loaded") + len(batch.of(Verdict.NEW)),
        updated=F("updated") + len(batch.of(Verdict.CHANGED)),
        duplicates=F("duplicates") + len(batch.of(Verdict.KNOWN)),
    )


def _update_items(rows: list[ProcessedJob]) -> None:
    """Write status and job of many items in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ingestion_processedjob AS p SET status = v.status, job_id = v.job_id"
            " FROM unnest(%s::bigint[], %s::text[], %s::bigint[]) AS v(id, status, job_id)"
            " WHERE p.id = v.id",
            [[r.pk for r in rows], [r.status for r in rows], [r.job_id for r in rows]],
        )
