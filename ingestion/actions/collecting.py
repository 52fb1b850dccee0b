"""Collect from a source: one walk for each of its searches, and what becomes of a broken one."""

from datetime import timedelta
from typing import Any

from ingestion.actions import fetches, quotas, taking, trips, visiting
from ingestion.actions.sources import check, search_of
from ingestion.errors import QuotaSpent, Throttled
from ingestion.models import Fetch, Search, Source
from ingestion.rules.walks import Ended
from jobly import limits
from jobly.errors import Deferred, JoblyError, Unavailable
from jobly.runs.actions import start, transaction
from jobly.runs.actions.claims import clock, verify
from jobly.runs.actions.ending import STANDS_ON
from jobly.runs.actions.progress import Progress
from jobly.runs.models import Run
from jobly.users.models import User

WALK = "ingestion.fetch"  # the kind of run that walks over one cell
FIRST_PAUSE = timedelta(seconds=2)  # after a 429 that does not say when to come back
BY_THE_CLOCK = frozenset({Fetch.Strategy.SCHEDULED, Fetch.Strategy.INCREMENTAL})


def collect_source(progress: Progress, source_id: str, **how: Any) -> dict[str, Any]:
    """Collect what a source has: `how` is strategy, pages and search_id of `start_cells`.

    A source that is one cell only is walked over by this very run, which so fails if the walk does.
    """
    cells = cells_of(source_id, how["strategy"], how.get("search_id"))
    if len(cells) == 1:
        walk = {"strategy": how["strategy"], "pages": how.get("pages")}
        return fetch_cell(progress, source_id, cells[0], **walk)
    return start_cells(progress, source_id, **how)


def start_cells(
    progress: Progress,
    source_id: str,
    *,
    strategy: str,
    pages: int | None = None,
    search_id: str | None = None,
) -> dict[str, Any]:
    """Start a run for each cell of a source's search set, or for the one that is given.

    What started them fails when all of them do. Raises: SourceMisconfigured.
    """
    with progress.transaction():
        cells = cells_of(source_id, strategy, search_id)
        for cell in cells:
            args = {"source_id": source_id, "search_id": cell}
            progress.start(WALK, {**args, "strategy": strategy, "pages": pages})
    return {"fetches": len(cells), STANDS_ON: WALK}


@transaction
def request_collection(
    source: Source, *, actor: User | None, strategy: str, pages: int | None, search: Search | None
) -> Run:
    """Start collecting for somebody who asked. Emits: job.created. Raises: SourceMisconfigured."""
    check(source)
    args = {"source_id": str(source.pk), "strategy": strategy, "pages": pages}
    args["search_id"] = str(search.pk) if search else None
    return start("ingestion.collect", args, actor=actor, company=source.company)


def cells_of(source_id: str, strategy: str, search_id: str | None) -> list[str | None]:
    """Return the searches to walk over; one None for a source that has no set.

    None at all while the source is parked and it is the clock that asks.
    Raises: SourceMisconfigured.
    """
    source = Source.objects.get(pk=source_id)
    check(source)
    if strategy in BY_THE_CLOCK and source.parked_until and source.parked_until > clock():
        return []
    if search_id:
        return [search_id]
    searches = source.searches.enabled().values_list("pk", flat=True)
    return [str(pk) for pk in searches] or [None]


def fetch_cell(
    progress: Progress,
    source_id: str,
    search_id: str | None,
    *,
    strategy: str,
    pages: int | None = None,
) -> dict[str, Any]:
    """Walk over one part of a source; one that was killed goes on behind its last stored page.

    Emits: CollectionStored, FetchEnded. Raises: what broke it, when nothing was got at all.
    """
    source = Source.objects.select_related("company", "backup").get(pk=source_id)
    check(source)
    search = Search.objects.get(pk=search_id) if search_id else None
    fetch = fetches.begin(progress, source, search, strategy=strategy, max_pages=pages)
    if fetch.status != Fetch.Status.RUNNING:
        return report(fetch)
    before = fetch.pages
    try:
        taking.walk(trips.prepare(progress, fetch))
    except JoblyError as error:
        fetch.refresh_from_db()
        return _broken(progress, fetch, error, advanced=fetch.pages > before)
    return report(fetch)


def report(fetch: Fetch) -> dict[str, Any]:
    """Return the books of a walk, as its run's result."""
    fetch.refresh_from_db()
    names = ("status", "reason_code", "reason", "expected", "got", "fresh", "pages", "calls")
    return {"fetch": str(fetch.pk), **{name: getattr(fetch, name) for name in names}}


def _broken(
    progress: Progress, fetch: Fetch, error: JoblyError, *, advanced: bool
) -> dict[str, Any]:
    """Decide what becomes of a walk after an error: later, from elsewhere, or ended here.

    `advanced`: this try of the run stored pages. A walk that got nothing failed, and so does its
    run; one that got something is partial. Raises: the error the run decides by.
    """
    if isinstance(error, QuotaSpent):
        return _spent(progress, fetch, error)
    if isinstance(error, Throttled) and advanced:
        pause = error.retry_after or FIRST_PAUSE
        raise Deferred(error.message, until=clock() + pause) from error
    if isinstance(error, Unavailable):
        if not isinstance(error, Deferred):
            limits.record(fetch.source.breaker_key, ok=isinstance(error, Throttled))
        if isinstance(error, Deferred) or progress.run.attempt < progress.run.max_attempts:
            raise error
    with transaction():
        fetches.end(fetch, _verdict(fetch, error))
        visiting.stay_away(fetch.source, error)
        verify(progress.run)
    if fetch.status == Fetch.Status.FAILED:
        raise error
    return report(fetch)


def _verdict(fetch: Fetch, error: JoblyError) -> Ended:
    """Say how a walk ended that an error broke off."""
    return Ended("partial" if fetch.got else "failed", error.code, error.message)


def _spent(progress: Progress, fetch: Fetch, error: QuotaSpent) -> dict[str, Any]:
    """End a walk whose quota is used up; its backup is asked instead, or the source parked.

    Raises: QuotaSpent when nothing was got and nobody else is asked.
    """
    source = fetch.source
    with transaction():
        until = error.until or quotas.spend(source, None)
        fetches.end(fetch, _verdict(fetch, error))
        backup = source.backup
        if backup is not None and backup.enabled and backup.adapter:
            _ask_instead(progress, fetch, backup)
        else:
            backup = None
            quotas.park(source, until, error.message)
        verify(progress.run)
    if backup is None and fetch.status == Fetch.Status.FAILED:
        raise error
    said = {"backup": backup.name if backup else None, "until": until}
    if fetch.status == Fetch.Status.FAILED:
        said[STANDS_ON] = WALK  # who got nothing is as good as the one that is asked instead
    return report(fetch) | said


def _ask_instead(progress: Progress, fetch: Fetch, backup: Source) -> None:
    """Start the same search at the source's backup, unless this walk was such a stand-in itself."""
    search_id = None
    if fetch.search is not None and backup.searches_by_query:
        search = search_of(backup, fetch.search.query, fetch.search.location, fetch.search.country)
        search_id = str(search.pk)
    args = {"source_id": str(backup.pk), "search_id": search_id, "strategy": fetch.strategy}
    progress.start(WALK, {**args, "pages": fetch.max_pages})
