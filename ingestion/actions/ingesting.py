"""Collect from many sources at once, and say in the end what the catalogue got of it."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any, Final

from ingestion.actions.sources import check
from ingestion.errors import SourceMisconfigured
from ingestion.models import Fetch, RawCollection, Source
from ingestion.reports.books import books
from jobly.errors import Deferred
from jobly.runs.actions import start, transaction
from jobly.runs.actions.claims import clock
from jobly.runs.actions.progress import Progress
from jobly.runs.models import Run
from jobly.users.models import User
from jobly.users.rules import Principal

LOOK_AGAIN: Final = timedelta(seconds=2)
COLLECT: Final = "ingestion.collect"


def sources_of(principal: Principal, names: Collection[str] = ()) -> list[Source]:
    """Return the sources that may be asked now and that the caller may write to, of some names."""
    rows = Source.objects.visible_to(principal).collectable()
    if not principal.is_staff:
        rows = rows.filter(company__in=principal.writable_ids)
    if names:
        rows = rows.filter(name__in=names)
    return [source for source in rows.order_by("name") if _is_ready(source)]


def _is_ready(source: Source) -> bool:
    try:
        check(source)
    except SourceMisconfigured:
        return False
    return True


@transaction
def request_ingestion(sources: Collection[Source], *, actor: User | None) -> Run:
    """Start collecting from all these sources. Emits: job.created."""
    companies = {source.company_id for source in sources}
    company = next(iter(sources)).company if len(companies) == 1 else None
    args = {"source_ids": [str(source.pk) for source in sources]}
    return start("ingestion.ingest", args, actor=actor, company=company)


def ingest(progress: Progress, source_ids: Collection[str]) -> dict[str, Any]:
    """Start a walk of each source, wait for what comes of them, and count it.

    A source that fails leaves the others alone. Raises: Deferred while one of them is under way.
    """
    run = progress.run
    begun = Run.objects.filter(parent=run.pk, kind=COLLECT)
    if not begun.exists():
        with progress.transaction():
            for source in source_ids:
                how = {"strategy": Fetch.Strategy.ON_DEMAND, "pages": None, "search_id": None}
                progress.start(COLLECT, {"source_id": source, **how})
    progress.tell(
        step="Collecting", total=len(source_ids), done=begun.exclude(finished_at=None).count()
    )
    below = Run.objects.of_family(run.root_id).exclude(pk__in=[run.pk, run.root_id])
    if below.unfinished().exists():
        raise Deferred("Sources are still being asked.", until=clock() + LOOK_AGAIN)
    walks = Fetch.objects.filter(run_id__in=below.values("pk"))
    found = books(RawCollection.objects.filter(fetch__in=walks).values_list("pk", flat=True))
    return {
        "jobs_new": found["loaded"],
        "jobs_updated": found["updated"],
        "duplicates": found["duplicates"],
        "failed_rows": found["failed"],
        "sources": len(source_ids),
        "sources_failed": begun.filter(status=Run.Status.FAILED).count(),
    }
