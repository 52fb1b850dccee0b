"""A recruiter's file from draft to import: columns chosen, rows checked, let in or put away."""

from collections.abc import Mapping
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.functions import Now

from ingestion.errors import FileHeld
from ingestion.events import CollectionStored, ProcessingDone
from ingestion.models import ColumnMapping, Processing, RawCollection, RowMatch, Upload
from ingestion.rules.mapping import signature
from jobly.errors import Rejected
from jobly.runs.actions import cancel, emit, transaction
from jobly.runs.models import Run
from jobly.users.models import User

from .collections import run_of

Status = Upload.Status


@transaction
def check_upload(upload: Upload, mapping: dict[str, str] | None, *, actor: User | None) -> Upload:
    """Read all rows of a draft with these columns; what an earlier reading found is forgotten.

    `mapping` goes from our fields to columns, "" for none; None leaves all to recognition. Nothing
    is loaded. Emits: CollectionStored. Raises: FileHeld.
    """
    row = _held(upload, Status.DRAFT, Status.CHECKING, Status.CHECKED)
    if is_being_read(row):
        raise FileHeld(
            "Its rows are being read at this moment; nothing was changed. Stop it first."
        )
    Processing.objects.filter(collection=row.collection_id).delete()
    RowMatch.objects.filter(upload=row).delete()
    collection = RawCollection.objects.get(pk=row.collection_id)
    collection.request = {**collection.request, "mapping": mapping}
    collection.status = RawCollection.Status.STORED
    collection.save(update_fields=["request", "status"])
    emit(CollectionStored(collection_id=str(collection.pk)), actor=actor, company=row.company_id)
    row.status, row.mapping = Status.CHECKING, mapping or {}
    row.run_id = run_of(collection, row.company)
    row.save(update_fields=["status", "mapping", "run_id"])
    return row


def remember_mapping(
    upload: Upload, columns: list[str], mapping: Mapping[str, str], *, actor: User | None
) -> None:
    """Keep a choice of columns for the company's next file with this header."""
    ColumnMapping.objects.update_or_create(
        company=upload.company,
        signature=signature(columns),
        defaults={"mapping": dict(mapping), "chosen_by": actor, "chosen_at": Now()},
    )


def mark_checked(upload_id: UUID | str) -> None:
    """Say that every row was read and compared: a person decides now. Idempotent."""
    Upload.objects.filter(pk=upload_id, status=Status.CHECKING).update(status=Status.CHECKED)


@transaction
def import_upload(upload: Upload, mode: str, *, actor: User | None) -> Upload:
    """Let a checked file into the catalogue: its good rows, or all of them or none.

    Emits: ProcessingDone. Raises: FileHeld; Rejected where rows failed and all or none are wanted,
    or where no row is good.
    """
    row = _held(upload, Status.CHECKED)
    processing = row.collection.processings.latest("started_at")
    if not processing.processed:
        raise Rejected("No row can be imported; nothing was changed. Mend the file and send it.")
    if mode == Upload.Mode.ALL_OR_NOTHING and processing.failed:
        rows = f"{processing.failed:,} row{'' if processing.failed == 1 else 's'}"
        raise Rejected(
            f"{rows} cannot be imported, and you want all or nothing; nothing"
            " was changed. Take the good rows, or mend the file and send it again."
        )
    row.mode, row.status = mode, Status.QUEUED
    row.save(update_fields=["mode", "status"])
    collection = row.collection
    collection.request = {**collection.request, "mode": mode}
    collection.save(update_fields=["request"])
    emit(ProcessingDone(processing_id=str(processing.pk)), actor=actor, company=row.company_id)
    return row


@transaction
def discard_upload(upload: Upload, *, actor: User | None) -> Upload:
    """Put a draft away; its bytes stay, and it can be taken up again. Raises: FileHeld."""
    row = _held(upload, Status.DRAFT, Status.CHECKING, Status.CHECKED)
    _stop(row, actor)
    row.status = Status.DISCARDED
    row.save(update_fields=["status"])
    return row


@transaction
def resume_upload(upload: Upload, *, actor: User | None) -> Upload:
    """Go back to the choice of columns: with a discarded draft, or one that is being read.

    What was chosen stays filled in. Raises: FileHeld.
    """
    row = _held(upload, Status.DISCARDED, Status.CHECKING)
    _stop(row, actor)
    row.status = Status.DRAFT
    row.save(update_fields=["status"])
    return row


def is_being_read(upload: Upload) -> bool:
    """Whether a run still reads or compares the rows of a draft."""
    return _reading(upload).exists()


def _reading(upload: Upload) -> QuerySet[Run]:
    if upload.run_id is None:
        return Run.objects.none()
    family = Run.objects.of_family(upload.run_id)
    return family.filter(status__in=(Run.Status.QUEUED, Run.Status.RUNNING))


def _stop(upload: Upload, actor: User | None) -> None:
    """Ask the reading of a draft to end; it does at its next step."""
    for run in _reading(upload):
        if run.pk == upload.run_id:
            cancel(run, actor=actor)


def _held(upload: Upload, *statuses: str) -> Upload:
    """Lock an upload that stands where a step starts from, or raise FileHeld."""
    rows = Upload.objects.select_related("collection", "company")
    row = rows.select_for_update(of=("self",)).get(pk=upload.pk)
    if row.status not in statuses:
        raise FileHeld(
            f"The file is {row.status} by now; nothing was changed. Reload the page to go on.",
            upload=str(row.pk),
        )
    return row
