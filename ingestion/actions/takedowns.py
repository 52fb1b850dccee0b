"""Take down all a source brought, and keep it from coming back; only digests stay."""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson
from django.db import transaction as database
from django.db.models import ProtectedError, QuerySet
from django.db.models.functions import Now

from ingestion.actions.catalogue import close_job
from ingestion.actions.clustering import settle_job
from ingestion.models import (
    CookieJar,
    Job,
    Listing,
    ProcessedJob,
    Processing,
    RawCollection,
    Sighting,
    Source,
    Takedown,
    Withheld,
)
from ingestion.rules.duplicates import CONTENT, REFERENCE, URL
from ingestion.rules.withholding import CODE, MESSAGE, of_bytes, of_content, of_key, of_url
from jobly.artifacts.actions import discard
from jobly.artifacts.models import Artifact
from jobly.errors import Rejected
from jobly.runs.actions import transaction
from jobly.runs.actions.claims import clock
from jobly.users.models import User

BATCH = 1_000
EMPTY = "(taken down)"
TEXTS = (
    "description_html description_text location_text city region salary_text apply_url url "
    "reference url_key".split()
)


@transaction
def take_down(source: Source, *, why: str, actor: User | None, dry_run: bool) -> dict[str, int]:
    """Delete a source's raw bytes and every job it brought, and withhold them from now on.

    The source stays, switched off, without cookies and acknowledgements. Jobs that are out on
    boards cannot be deleted: they are closed, emptied and removed. Returns how much there was.
    Emits: JobClosed for those. Raises: Rejected without a reason.
    """
    if not why.strip():
        raise Rejected("Say why it is taken down; nothing was changed.")
    collections = RawCollection.objects.filter(source=source)
    jobs = Job.objects.filter(source=source)
    counts = {"collections": collections.count(), "jobs": jobs.count()}
    if dry_run:
        return counts
    row = Takedown.objects.create(
        source=source, source_name=source.name, why=why.strip(), by=actor, counts=counts
    )
    counts["digests"] = _withhold(row, source, collections, jobs)
    counts["emptied"] = _remove_jobs(jobs)
    _remove_bytes(source, collections)
    CookieJar.objects.filter(source=source).delete()
    source.acknowledgements.valid().update(withdrawn_at=clock())
    Source.objects.filter(pk=source.pk).update(enabled=False, cursor={})
    Takedown.objects.filter(pk=row.pk).update(counts=counts)
    return counts


def _withhold(
    row: Takedown,
    source: Source,
    collections: QuerySet[RawCollection],
    jobs: QuerySet[Job],
) -> int:
    """Keep the digests of entries, addresses and bytes; return how many are new."""
    found: set[str] = set()
    for key in Sighting.objects.filter(source=source).values_list("key", flat=True).iterator():
        found.add(of_key(source.pk, key))
    for url, content in jobs.values_list("url", "content_key").iterator():
        found |= {of_url(url), of_content(source.pk, content)}
    hashes = Artifact.objects.filter(pk__in=collections.values("artifact"))
    found |= {of_bytes(sha) for sha in hashes.values_list("sha256", flat=True)}
    found.discard("")
    before = Withheld.objects.count()
    rows = (Withheld(digest=digest, takedown=row) for digest in sorted(found))
    Withheld.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)
    return Withheld.objects.count() - before


def _remove_jobs(jobs: QuerySet[Job]) -> int:
    """Delete jobs; return how many could only be closed and emptied, for boards know of them."""
    clustered = list(jobs.filter(cluster__isnull=False).values_list("pk", flat=True))
    if clustered:  # others of their clusters are shown instead
        Job.objects.filter(pk__in=clustered, status=Job.Status.LIVE).update(
            status=Job.Status.CLOSED, updated_at=Now()
        )
        for pk in clustered:
            settle_job(pk)
    held: set[int] = set()
    try:
        with database.atomic():
            jobs.delete()
    except ProtectedError as protected:
        held = {row.job_id for row in protected.protected_objects if hasattr(row, "job_id")}
        jobs.exclude(pk__in=held).delete()
    for job in Job.objects.filter(pk__in=held).select_related("company"):
        _empty(job)
    return len(held)


def _empty(job: Job) -> None:
    if job.status == Job.Status.LIVE:
        close_job(job, actor=None)
    Sighting.objects.filter(job=job).delete()
    job.move(Job.Status.REMOVED, title=EMPTY, skills=[], **dict.fromkeys(TEXTS, ""))


def _remove_bytes(source: Source, collections: QuerySet[RawCollection]) -> None:
    """Delete what was collected and what was made of it."""
    artifacts = list(Artifact.objects.filter(pk__in=collections.values("artifact")))
    Sighting.objects.filter(source=source).delete()
    Processing.objects.filter(collection__in=collections).delete()
    collections.delete()
    Listing.objects.filter(source=source).delete()
    for artifact in artifacts:
        discard(artifact)
        artifact.delete()


def is_withheld(sha256: str) -> bool:
    """Whether an answer of these bytes was taken down."""
    return Withheld.objects.filter(digest=of_bytes(sha256)).exists()


def withheld(processing: Processing, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return the table rows with those failed that were taken down; nothing of these is kept."""
    if not Withheld.objects.exists():
        return rows
    source_id = processing.collection.source_id
    marks = {row[1]: set(_marks(source_id, row)) for row in rows}
    asked = set().union(*marks.values())
    known = set(Withheld.objects.filter(digest__in=asked).values_list("digest", flat=True))
    if not known:
        return rows
    return [_failed(row) if marks[row[1]] & known else row for row in rows]


def _marks(source_id: Any, row: tuple[Any, ...]) -> Iterator[str]:
    """Yield the digests of a row that could be read."""
    _, _, status, external_id, url_key, content_key, _, data, *_ = row
    if status != ProcessedJob.Status.PENDING:
        return
    if external_id:
        yield of_key(source_id, f"{REFERENCE}:{external_id}")
    yield of_content(source_id, content_key)
    yield of_key(source_id, f"{CONTENT}:{content_key}")
    yield of_key(source_id, f"{URL}:{url_key}")
    if url := str(orjson.loads(data).get("url") or ""):
        yield of_url(url)


def _failed(row: tuple[Any, ...]) -> tuple[Any, ...]:
    number: Iterable[Any] = row[:2]
    status = ProcessedJob.Status.FAILED
    return (*number, status, "", "", "", "", None, "{}", "[]", "", CODE, MESSAGE)
