"""The books of a walk over a source: begun once, filled page by page, ended with its reason."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from ingestion.errors import SourceBusy
from ingestion.events import FetchEnded
from ingestion.models import Fetch, Job, Listing, Search, Sighting, Source
from ingestion.rules.duplicates import REFERENCE
from ingestion.rules.entries import Entry
from ingestion.rules.walks import Ended, Seen
from jobly.runs.actions import emit, transaction
from jobly.runs.actions.claims import clock
from jobly.runs.actions.progress import Progress
from jobly.runs.models import Run

TOO_OLD = timedelta(hours=12)  # a walk that stood still for longer begins anew
BROKEN_OFF = Ended("partial", "broken_off", "Its run ended before it did.")


def begin(progress: Progress, source: Source, search: Search | None, **columns: Any) -> Fetch:
    """Begin a walk over a source or one search of it, or go on with the one that broke off.

    One that this run has ended already, without hearing that its commit held, is returned as it is.
    Raises: SourceBusy while another run walks there.
    """
    with progress.transaction():
        # the source's row is the lock: two runs that begin at once find each other's walk
        Source.objects.select_for_update(no_key=True).get(pk=source.pk)
        rows = Fetch.objects.running().filter(source=source, search=search)
        found = rows.select_related("source", "search").first()
        if found is not None and _may_go_on(found, progress, columns["strategy"]):
            Fetch.objects.filter(pk=found.pk).update(run_id=progress.run.pk)
            return found
        if found is None and (mine := _ended_by(progress.run, source, search)):
            return mine
        cursor = (search or source).cursor
        row = Fetch.objects.create(
            source=source,
            search=search,
            run_id=progress.run.pk,
            cursor_before=cursor,
            cursor_after=cursor,
            **columns,
        )
        row.refresh_from_db()
        return row


def _ended_by(run: Run, source: Source, search: Search | None) -> Fetch | None:
    """Return the walk that this run has brought to an end: it would have been its last step."""
    rows = Fetch.objects.filter(run_id=run.pk, source=source, search=search)
    ended = rows.filter(status__in=[Fetch.Status.COMPLETE, Fetch.Status.PARTIAL])
    return ended.exclude(reason_code=BROKEN_OFF.code).select_related("source", "search").first()


def _may_go_on(found: Fetch, progress: Progress, strategy: str) -> bool:
    """Whether this run goes on with an open walk; one that nobody will go on with is ended.

    Raises: SourceBusy when it is another run's that lives.
    """
    if found.run_id == progress.run.pk:
        return True
    other = Run.objects.filter(pk=found.run_id or found.pk).first()
    if other is not None and not other.is_finished and not _is_dead(other):
        raise SourceBusy(
            f"Another run walks over {found.source} at the moment; nothing was asked.",
            run=str(other.pk),
        )
    if found.strategy == strategy and clock() - found.started_at < TOO_OLD:
        return True
    end(found, BROKEN_OFF)
    return False


def _is_dead(run: Run) -> bool:
    """Whether a run's worker went away and nobody has taken it up since."""
    return run.lease_until is not None and run.lease_until < clock()


def close_abandoned() -> int:
    """End the walks whose runs have ended without ending them; return how many."""
    alive = Run.objects.unfinished().filter(pk=OuterRef("run_id"))
    rows = Fetch.objects.running().filter(~Exists(alive)).select_related("source", "search")
    count = 0
    for row in rows:
        with transaction():
            open_one = Fetch.objects.running().filter(pk=row.pk).select_for_update(no_key=True)
            if open_one.exists():
                end(row, BROKEN_OFF)
                count += 1
    return count


def end(fetch: Fetch, ended: Ended, cursor: Mapping[str, Any] | None = None) -> None:
    """End a walk in the caller's transaction; a whole one moves the cursor of what it walked.

    A backfill leaves the cursor alone. Emits: FetchEnded.
    """
    moves = cursor is not None and fetch.strategy != Fetch.Strategy.BACKFILL
    after = dict(cursor) if moves and cursor is not None else fetch.cursor_before
    Fetch.objects.filter(pk=fetch.pk).update(
        status=ended.status,
        reason_code=ended.code,
        reason=ended.reason[:1000],
        cursor_after=after,
        ended_at=Now(),
    )
    if moves:
        model = Search if fetch.search_id else Source
        model.objects.filter(pk=fetch.search_id or fetch.source_id).update(cursor=after)
    fetch.refresh_from_db()
    emit(
        FetchEnded(
            fetch_id=str(fetch.pk),
            source_id=str(fetch.source_id),
            status=fetch.status,
            reason_code=fetch.reason_code,
            got=fetch.got,
            fresh=fetch.fresh,
        ),
        company=fetch.source.company,
    )


def known_of(fetch: Fetch, keys: Iterable[str]) -> dict[str, Seen]:
    """Return what is known of these entries of the walk's source."""
    settled_at = fetch.cursor_before.get("walked_at", "")
    rows = Listing.objects.filter(source=fetch.source_id, key__in=list(keys))
    return {
        row.key: Seen(
            mark=row.mark,
            met=row.fetch_id == fetch.pk,
            settled=row.first_seen_at.isoformat() <= settled_at,
        )
        for row in rows
    }


def note(fetch: Fetch, entries: Iterable[Entry]) -> None:
    """Note that the walk met these entries as they are now."""
    rows = [
        Listing(
            source_id=fetch.source_id,
            key=entry.key,
            mark=entry.mark,
            fetch=fetch,
            first_seen_at=Now(),
            last_seen_at=Now(),
        )
        for entry in entries
    ]
    Listing.objects.bulk_create(
        rows,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["source", "key"],
        update_fields=["mark", "fetch", "last_seen_at"],
    )


def note_unchanged(fetch: Fetch) -> int:
    """Note that everything the last whole walk met is still there; return how much that is."""
    last = last_whole(fetch)
    if last is None:
        return 0
    rows = Listing.objects.filter(source=fetch.source_id, fetch=last)
    keys = list(rows.values_list("key", flat=True))
    rows.update(fetch=fetch, last_seen_at=Now())
    see_again(fetch.source_id, keys)
    return len(keys)


def see_again(source_id: Any, keys: Iterable[str]) -> None:
    """Note on sightings and jobs that a source still lists them, though nothing was loaded."""
    found = list(keys)
    listed = Q(key__in=[f"{REFERENCE}:{key}" for key in found])
    if pages := [key for key in found if "://" in key]:  # entries of sites are addresses
        listed |= Q(processing__collection__request__url__in=pages)
    sightings: QuerySet[Sighting] = Sighting.objects.filter(listed, source=source_id)
    jobs = list(sightings.values_list("job_id", flat=True))
    sightings.update(last_seen_at=Now())
    Job.objects.filter(pk__in=jobs).update(last_seen_at=Now())


def last_whole(fetch: Fetch) -> Fetch | None:
    """Return the last walk over the same part of the source that was complete."""
    rows = Fetch.objects.filter(source=fetch.source_id, search=fetch.search_id, status="complete")
    return rows.exclude(pk=fetch.pk).order_by("-ended_at").first()


def add(fetch: Fetch, *, got: int, fresh: int) -> None:
    """Add to the counts of a walk, in the caller's transaction."""
    Fetch.objects.filter(pk=fetch.pk).update(got=F("got") + got, fresh=F("fresh") + fresh)
