"""Keep what a source answered, untouched, and say what it is."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from ingestion.actions.takedowns import is_withheld
from ingestion.errors import FileRefused
from ingestion.events import CollectionStored
from ingestion.models import RawCollection, Source, Upload
from ingestion.rules.readers import HEAD_BYTES, recognise
from ingestion.rules.withholding import CODE, MESSAGE
from jobly.artifacts.actions import discard, store
from jobly.runs.actions import emit, transaction
from jobly.runs.actions.crash import crashpoint
from jobly.runs.models import Run
from jobly.users.models import Company, User

UPLOADS = "Uploads"  # the source of a company that its recruiters' files belong to


@dataclass(frozen=True, slots=True)
class Arrival:
    """Bytes that came in: how they are called and how they were asked for.

    A person's file has its `mode` and column `mapping` in the request; one that is `held` is read
    when the person says so, and loaded when the person says that. A page of a source has more
    columns of its row in `page`: fetch, number, request_key, response.
    """

    stream: BinaryIO
    file_name: str = ""
    request: dict[str, Any] = field(default_factory=dict)
    milliseconds: int = 0
    calls_used: int = 0
    held: bool = False
    page: Mapping[str, Any] = field(default_factory=dict)


def source_named(
    name: str, *, company: Company | None = None, employer: str = "", **columns: Any
) -> Source:
    """Return the source of that name, made with `columns` when new.

    A given employer replaces the known one.
    """
    row, _ = Source.objects.get_or_create(
        company=company, name=name, defaults={"employer": employer, **columns}
    )
    if employer and row.employer != employer:
        row.employer = employer
        row.save(update_fields=["employer"])
    return row


def store_collection(source: Source, arrival: Arrival, *, actor: User | None) -> RawCollection:
    """Store the bytes and their row, recognise the shape and tell who processes.

    The bytes are kept also when they are refused: the collection is then quarantined and the
    refusal raised. Emits: CollectionStored. Raises: FileRefused.
    """
    with transaction():
        collection, refused = keep(source, arrival)
        if refused is None and not arrival.held:
            announce(collection, actor=actor)
    if refused is not None:
        raise refused
    return collection


def keep(source: Source, arrival: Arrival) -> tuple[RawCollection, FileRefused | None]:
    """Store the bytes and their row in the caller's transaction, and say what speaks against them.

    Nobody is told to process them; refused ones are quarantined.
    """
    artifact = store(_chunks(arrival.stream), kind="raw", name=arrival.file_name)
    crashpoint("ingestion.after_artifact")
    collection = RawCollection.objects.create(
        source=source,
        artifact=artifact,
        file_name=Path(arrival.file_name).name[:255],
        request=arrival.request,
        milliseconds=arrival.milliseconds,
        calls_used=arrival.calls_used,
        **arrival.page,
    )
    return collection, _refusal(collection)


def announce(collection: RawCollection, *, actor: User | None) -> None:
    """Tell who processes that a collection is stored. Emits: CollectionStored."""
    emit(
        CollectionStored(collection_id=str(collection.pk)),
        actor=actor,
        company=collection.source.company,
        delay=collection.source.process_delay,
    )


def quarantine(collection: RawCollection, refused: FileRefused) -> None:
    """Set a collection aside in the caller's transaction, and say why on it."""
    collection.status = RawCollection.Status.QUARANTINED
    collection.error_code, collection.error = refused.code, refused.message
    collection.save(update_fields=["status", "error_code", "error"])
    refused.context["collection"] = str(collection.pk)


def _refusal(collection: RawCollection) -> FileRefused | None:
    """Recognise the content; quarantine the collection and return why when it is no postings."""
    if is_withheld(collection.artifact.sha256):
        refused = FileRefused(CODE, MESSAGE)
        quarantine(collection, refused)
        discard(collection.artifact)
        return refused
    with collection.artifact.open() as stream:
        head = stream.read(HEAD_BYTES)
    try:
        shape = recognise(
            head,
            size=collection.artifact.size,
            file_name=collection.file_name,
            page=collection.source.kind == Source.Kind.PAGES,
        )
    except FileRefused as refused:
        quarantine(collection, refused)
        return refused
    collection.shape = asdict(shape)
    collection.save(update_fields=["shape"])
    return None


def store_upload(
    company: Company, arrival: Arrival, *, actor: User | None, source: str = UPLOADS
) -> Upload:
    """Take in a recruiter's file; a refused one stays visible with its reason.

    Emits: CollectionStored, unless refused or held.
    """
    fields = {
        "company": company,
        "mode": arrival.request.get("mode", Upload.Mode.SKIP),
        "mapping": arrival.request.get("mapping") or {},
        "created_by": actor,
    }
    with transaction():
        row = source_named(
            source,
            company=company,
            employer=company.name,  # who hires where a row names nobody
            kind=Source.Kind.UPLOAD,
            is_demo=company.is_demo,
        )
        try:
            collection = store_collection(row, arrival, actor=actor)
        except FileRefused as refused:
            return Upload.objects.create(
                **fields,
                collection_id=refused.context["collection"],
                status=Upload.Status.REFUSED,
                error_code=refused.code,
                error=refused.message,
            )
        status = Upload.Status.DRAFT if arrival.held else Upload.Status.QUEUED
        return Upload.objects.create(
            **fields, collection=collection, status=status, run_id=run_of(collection, company)
        )


def run_of(collection: RawCollection, company: Company) -> UUID | None:
    """Find the run that last began to read a collection, for people to watch; None without one."""
    runs = Run.objects.filter(company=company, kind="ingestion.process")
    newest = runs.filter(args__collection_id=str(collection.pk)).order_by("-created_at")
    return newest.values_list("pk", flat=True).first()


def _chunks(stream: BinaryIO, size: int = 1 << 20) -> Iterable[bytes]:
    """Yield the stream in pieces of a megabyte."""
    while chunk := stream.read(size):
        yield chunk
