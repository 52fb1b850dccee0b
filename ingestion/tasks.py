"""What ingestion does in the background; each names one action."""

from typing import Any

from django.conf import settings

from jobly.runs.actions.kinds import run
from jobly.runs.actions.progress import Progress

from .actions import (
    alerts,
    catalogue,
    clustering,
    collecting,
    comparing,
    embedding,
    enriching,
    expiring,
    fetches,
    forgetting,
    ingesting,
    liveness,
    loading,
    lookalikes,
    processing,
    reprocessing,
    searching,
    spooling,
    storage,
    vanishing,
)


@run("ingestion.process", retry="etl", stepwise=True, waits=True)
def process(progress: Progress, *, collection_id: str) -> dict[str, Any]:
    """Read a collection and load it into the catalogue."""
    return processing.process_collection(progress, collection_id)


@run("ingestion.load", retry="etl", stepwise=True)
def load(progress: Progress, *, processing_id: str) -> dict[str, Any]:
    """Load what was read into the catalogue."""
    return loading.load_processing(progress, processing_id)


@run("ingestion.index_rest", stepwise=True, most=1)
def index_rest(progress: Progress) -> dict[str, Any]:
    """Make jobs findable that were left behind."""
    return {"indexed": searching.index_waiting()}


@run("ingestion.reprocess", retry="etl", stepwise=True, waits=True)
def reprocess(progress: Progress, *, reprocessing_id: str) -> dict[str, Any]:
    """Read stored collections again."""
    return reprocessing.run_passes(progress, reprocessing_id)


@run("ingestion.process_again", retry="etl", stepwise=True, waits=True)
def process_again(progress: Progress, *, processing_id: str) -> dict[str, Any]:
    """Read one collection again, and load it or compare it."""
    return reprocessing.process_again(progress, processing_id)


@run("ingestion.promote", retry="etl", stepwise=True, waits=True)
def promote(progress: Progress, *, reprocessing_id: str) -> dict[str, Any]:
    """Load what a shadow read."""
    return reprocessing.load_passes(progress, reprocessing_id)


@run("ingestion.roll_back", retry="etl", stepwise=True)
def roll_back(progress: Progress, *, reprocessing_id: str) -> dict[str, Any]:
    """Put back what a reprocessing changed."""
    return reprocessing.restore(progress, reprocessing_id)


@run("ingestion.compare_upload", retry="etl", stepwise=True)
def compare_upload(progress: Progress, *, upload_id: str) -> dict[str, Any]:
    """Compare the rows of a file with each other and with the company's jobs."""
    return lookalikes.compare_upload(progress, upload_id)


@run("ingestion.compare_jobs", retry="etl", stepwise=True, most=1)
def compare_jobs(progress: Progress, *, job_ids: list[int]) -> dict[str, Any]:
    """Find which of these jobs are copies of others, and settle their clusters."""
    return comparing.compare_jobs(progress, job_ids)


@run("ingestion.judge_again", retry="etl", stepwise=True, most=1)
def judge_again(progress: Progress) -> dict[str, Any]:
    """Judge all pairs by the rules in force."""
    return comparing.judge_again(progress)


@run("ingestion.settle_job")
def settle_job(progress: Progress, *, job_id: int) -> dict[str, Any]:
    """Let another job of its cluster be shown where one has closed."""
    return {"changed": clustering.settle_job(job_id)}


@run("ingestion.expire_jobs", stepwise=True, most=1)
def expire_jobs(progress: Progress) -> dict[str, Any]:
    """End jobs whose closing date has passed."""
    return expiring.expire_jobs(progress)


@run("ingestion.settle_stale", stepwise=True, most=1)
def settle_stale(progress: Progress) -> dict[str, Any]:
    """Let an open job be shown wherever a cluster shows a closed one."""
    return clustering.settle_stale(progress)


@run("ingestion.tidy_likeness", stepwise=True, most=1)
def tidy_likeness(progress: Progress) -> dict[str, Any]:
    """Drop what old jobs are found by, for no new one is compared with them."""
    return comparing.tidy_likeness(progress)


@run("ingestion.expire_storage", stepwise=True, most=1)
def expire_storage(progress: Progress) -> dict[str, Any]:
    """Drop stored files that are past their kind's time."""
    return storage.expire_storage(progress, settings.ARTIFACT_KEEP_DAYS)


@run("ingestion.forget_reprocessings", stepwise=True, most=1)
def forget_reprocessings(progress: Progress) -> dict[str, Any]:
    """Forget what old reprocessings keep to be looked at and put back."""
    return forgetting.forget_reprocessings(progress)


@run("ingestion.tidy_storage", stepwise=True, most=1)
def tidy_storage(progress: Progress) -> dict[str, Any]:
    """Delete stored files that no row keeps, and tell of rows without their file."""
    return storage.tidy_storage(progress)


@run("ingestion.show_on_board", small=True, bound=True)
def show_on_board(progress: Progress, *, job_id: int, visible: bool) -> dict[str, Any]:
    """Show a job on our own board, or take it off."""
    catalogue.show_on_board(job_id, visible=visible)
    return {"job": job_id, "visible": visible}


@run("ingestion.enrich", retry="etl", stepwise=True, most=2)
def enrich(progress: Progress, *, company_id: str, job_ids: list[int]) -> dict[str, Any]:
    """Suggest better values for a company's jobs."""
    return enriching.enrich(progress, company_id, job_ids)


@run("ingestion.embed_jobs", retry="etl", stepwise=True, most=1)
def embed_jobs(progress: Progress, *, job_ids: list[int]) -> dict[str, Any]:
    """Give new and changed jobs their vectors."""
    return embedding.embed_jobs(progress, job_ids)


@run("ingestion.embed_missing", retry="etl", stepwise=True, most=1)
def embed_missing(progress: Progress) -> dict[str, Any]:
    """Give jobs their vectors that have none, or an old one."""
    return embedding.embed_missing(progress)


@run("ingestion.ingest", retry="etl", stepwise=True)
def ingest(progress: Progress, *, source_ids: list[str]) -> dict[str, Any]:
    """Collect from many sources, and count what came of it."""
    return ingesting.ingest(progress, source_ids)


@run("ingestion.collect", retry="etl", stepwise=True, waits=True)
def collect(
    progress: Progress,
    *,
    source_id: str,
    strategy: str,
    pages: int | None = None,
    search_id: str | None = None,
) -> dict[str, Any]:
    """Collect what a source has, by its search set or for one search of it."""
    how: Any = {"strategy": strategy, "pages": pages, "search_id": search_id}
    return collecting.collect_source(progress, source_id, **how)


@run("ingestion.fetch", retry="etl", stepwise=True, waits=True)
def fetch(
    progress: Progress, *, source_id: str, search_id: str | None, strategy: str, pages: int | None
) -> dict[str, Any]:
    """Walk over one part of a source, page by page."""
    how: Any = {"strategy": strategy, "pages": pages}
    return collecting.fetch_cell(progress, source_id, search_id, **how)


@run("ingestion.tidy_fetches", stepwise=True, most=1)
def tidy_fetches(progress: Progress) -> dict[str, Any]:
    """Store answers that wait in files, and end walks that nobody goes on with."""
    return spooling.import_spool(progress) | {"closed": fetches.close_abandoned()}


@run("ingestion.look_for_alerts", retry="never", most=1)
def look_for_alerts(progress: Progress) -> dict[str, Any]:
    """See whether anything in the pipeline is wrong by the operators' rules."""
    return alerts.look_for_alerts()


@run("ingestion.roll_up", stepwise=True, most=1)
def roll_up(progress: Progress) -> dict[str, Any]:
    """Count the figures of today and yesterday."""
    return alerts.roll_up(progress)


@run("ingestion.judge_absence", retry="etl", stepwise=True)
def judge_absence(progress: Progress, *, fetch_id: str, **_walk: Any) -> dict[str, Any]:
    """See which jobs a walk did not meet, and close what was missed twice."""
    return vanishing.judge(progress, fetch_id)


@run("ingestion.check_liveness", retry="never", stepwise=True, most=1)
def check_liveness(progress: Progress) -> dict[str, Any]:
    """Ask whether jobs are still there, a few of each host."""
    return liveness.check_due(progress)
