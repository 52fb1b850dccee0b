"""What ingestion does in the background; each names one action."""

from typing import Any

from django.conf import settings

from jobly.runs.actions.kinds import run
from jobly.runs.actions.progress import Progress

from .actions import catalogue, comparing, loading, processing, storage


@run("ingestion.process", retry="etl", stepwise=True, waits=True)
def process(progress: Progress, *, collection_id: str) -> dict[str, Any]:
    """Read a collection and load it into the catalogue."""
    return processing.process_collection(progress, collection_id)


@run("ingestion.load", retry="etl", stepwise=True)
def load(progress: Progress, *, processing_id: str) -> dict[str, Any]:
    """Load what was read into the catalogue."""
    return loading.load_processing(progress, processing_id)


@run("ingestion.compare_upload", retry="etl", stepwise=True)
def compare_upload(progress: Progress, *, upload_id: str) -> dict[str, Any]:
    """Compare the rows of a file with each other and with the company's jobs."""
    return comparing.compare_upload(progress, upload_id)


@run("ingestion.expire_storage", stepwise=True, most=1)
def expire_storage(progress: Progress) -> dict[str, Any]:
    """Drop stored files that are past their kind's time."""
    return storage.expire_storage(progress, settings.ARTIFACT_KEEP_DAYS)


@run("ingestion.tidy_storage", stepwise=True, most=1)
def tidy_storage(progress: Progress) -> dict[str, Any]:
    """Delete stored files that no row keeps, and tell of rows without their file."""
    return storage.tidy_storage(progress)


@run("ingestion.show_on_board", small=True, bound=True)
def show_on_board(progress: Progress, *, job_id: int, visible: bool) -> dict[str, Any]:
    """Show a job on our own board, or take it off."""
    catalogue.show_on_board(job_id, visible=visible)
    return {"job": job_id, "visible": visible}
