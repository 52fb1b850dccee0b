"""What becomes of jobs that a source lists no more: two whole walks, or a person's word."""

from collections.abc import Iterable
from typing import Any

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from ingestion.actions.catalogue import close_job
from ingestion.errors import AbsenceDecided
from ingestion.events import AbsenceHeld, JobsLoaded
from ingestion.models import Absence, Fetch, Job, Listing, Missing, Sighting, Source
from ingestion.rules.absence import STRIKES, WHOLE, is_sudden, sense_of
from ingestion.rules.duplicates import REFERENCE
from jobly.runs.actions import emit, transaction
from jobly.runs.actions.claims import clock
from jobly.runs.actions.progress import Progress
from jobly.runs.rules.streams import staff_and
from jobly.users.models import User

BATCH = 500


def judge(progress: Progress, fetch_id: str) -> dict[str, Any]:
    """Judge what a walk that ended did not meet, once; running twice changes nothing.

    Emits: JobClosed for each job that is closed, JobsLoaded for those that are back, AbsenceHeld.
    """
    fetch = Fetch.objects.select_related("source__company").get(pk=fetch_id)
    walk = (fetch.strategy, fetch.status, fetch.reason_code)
    sense = sense_of(fetch.source.adapter, walk, searched=fetch.search_id is not None)
    if sense == "nothing":
        return {"judged": False}
    with progress.transaction():
        Source.objects.select_for_update(no_key=True).get(pk=fetch.source_id)
        if Absence.objects.filter(fetch=fetch).exists() or _is_overtaken(fetch):
            return {"judged": False}
        row = _judged(fetch, asks_first=sense == "asks_first")
    names = ("status", "known", "missing", "closed", "back")
    return {"judged": True} | {name: getattr(row, name) for name in names}


def _is_overtaken(fetch: Fetch) -> bool:
    """Whether a later walk of the source was judged already."""
    later = Absence.objects.filter(fetch__source=fetch.source_id)
    return later.filter(fetch__started_at__gt=fetch.started_at).exists()


def _judged(fetch: Fetch, *, asks_first: bool) -> Absence:
    """Count what is missing, or hold it where too much is."""
    back = _welcome(fetch)
    open_ones = _unmet(fetch).filter(Q(missing=None) | Q(missing__closed_at=None))
    missing = open_ones.count()
    newly = open_ones.filter(missing=None).count()
    known = Listing.objects.filter(fetch=fetch).count() + missing
    Absence.objects.held().filter(fetch__source=fetch.source_id).update(
        status=Absence.Status.OVERTAKEN
    )
    row = Absence(fetch=fetch, known=known, missing=missing, back=back)
    if missing and (asks_first or is_sudden(known, newly)):
        row.status = Absence.Status.HELD
        row.save(force_insert=True)
        told = AbsenceHeld(str(fetch.pk), fetch.source.name, missing, known)
        emit(told, company=fetch.source.company, streams=staff_and(fetch.source.company_id))
        return row
    row.status = Absence.Status.COUNTED
    row.closed = _strike(fetch, open_ones, by=1)
    row.save(force_insert=True)
    return row


def _unmet(fetch: Fetch) -> QuerySet[Sighting]:
    """Return the sightings of entries that no walk met since before this one."""
    rows = Listing.objects.filter(source=fetch.source_id).exclude(fetch=fetch)
    gone = rows.filter(last_seen_at__lt=fetch.started_at)
    return _sightings(fetch.source, gone.values_list("key", flat=True))


def _sightings(source: Source, keys: Iterable[str]) -> QuerySet[Sighting]:
    """Return the sightings that these entries of the source led to."""
    found = list(keys)
    rows = Sighting.objects.filter(source=source)
    names = [f"{REFERENCE}:{key}" for key in found]
    by_key = Q(key__in=names)
    if pages := [key for key in found if "://" in key]:
        by_key |= Q(processing__collection__request__url__in=pages)
    return rows.filter(by_key)


def _strike(fetch: Fetch, sightings: QuerySet[Sighting], *, by: int) -> int:
    """Count one more walk that did not meet these, and close whose count is full."""
    ids = list(sightings.values_list("pk", flat=True))
    Missing.objects.filter(sighting__in=ids).exclude(last_fetch=fetch).update(
        strikes=F("strikes") + by, last_fetch=fetch
    )
    fresh = [Missing(sighting_id=pk, strikes=by, first_fetch=fetch, last_fetch=fetch) for pk in ids]
    Missing.objects.bulk_create(fresh, batch_size=BATCH, ignore_conflicts=True)
    full = Missing.objects.filter(sighting__in=ids, strikes__gte=STRIKES, closed_at=None)
    # the source that may change the job tells; another whole board that lists it keeps it open
    jobs = Job.objects.filter(
        pk__in=full.values("sighting__job"), source=fetch.source_id, status=Job.Status.LIVE
    ).select_related("company")
    elsewhere = Sighting.objects.exclude(source=fetch.source_id).filter(
        source__adapter__in=WHOLE, source__enabled=True, missing=None
    )
    closed = 0
    for job in jobs.exclude(pk__in=elsewhere.values("job")):
        close_job(job, actor=None)
        full.filter(sighting__job=job).update(closed_at=Now())
        closed += 1
    return closed


def _welcome(fetch: Fetch) -> int:
    """Forget what was held against jobs that this walk met again; open those we had closed."""
    met = Listing.objects.filter(source=fetch.source_id, fetch=fetch)
    again = _sightings(fetch.source, met.values_list("key", flat=True))
    rows = Missing.objects.filter(sighting__in=again)
    closed = list(rows.exclude(closed_at=None).values_list("sighting__job", flat=True))
    rows.delete()
    opened = list(Job.objects.filter(pk__in=closed, status=Job.Status.CLOSED))
    for job in opened:
        job.move(Job.Status.LIVE)
    if opened:
        emit(JobsLoaded(sorted(job.pk for job in opened)), company=fetch.source.company)
    return len(opened)


@transaction
def approve(row: Absence, *, actor: User | None) -> None:
    """Close what a held walk did not meet: a person says that it is gone.

    Emits: JobClosed. Raises: AbsenceDecided when it is not held any more.
    """
    fetch = _decide(row, Absence.Status.APPROVED, actor)
    listed = Listing.objects.filter(source=fetch.source_id)
    gone = listed.exclude(fetch=fetch).filter(last_seen_at__lt=fetch.started_at)
    closed = _strike(
        fetch, _sightings(fetch.source, gone.values_list("key", flat=True)), by=STRIKES
    )
    Absence.objects.filter(pk=row.pk).update(closed=closed)


@transaction
def dismiss(row: Absence, *, actor: User | None) -> None:
    """Take a held walk for a fault of the source: nothing is counted, nothing closed.

    Raises: AbsenceDecided when it is not held any more.
    """
    _decide(row, Absence.Status.DISMISSED, actor)


def _decide(row: Absence, status: Absence.Status, actor: User | None) -> Fetch:
    changed = (
        Absence.objects.held()
        .filter(pk=row.pk)
        .update(status=status, decided_at=clock(), decided_by=actor)
    )
    if not changed:
        raise AbsenceDecided("It is decided already, or a later walk overtook it; nothing changed.")
    return Fetch.objects.select_related("source__company").get(pk=row.pk)
