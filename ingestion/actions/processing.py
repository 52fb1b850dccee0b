"""Turn the items of a collection into normalised rows, or into errors that name the item."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import islice
from typing import Any, BinaryIO

import orjson
from django.db.models import F, Max
from django.db.models.functions import Now

from ingestion.actions.takedowns import withheld
from ingestion.clients.normalisers import Made, Normalisers
from ingestion.errors import FileRefused
from ingestion.events import ProcessingDone
from ingestion.models import ProcessedJob, Processing, RawCollection, Upload
from ingestion.reports.vocabulary import vocabulary
from ingestion.rules.contracts import Census
from ingestion.rules.posting import RawPosting, RowProblem
from ingestion.rules.readers import LIMITS, Shape, read
from ingestion.rules.readers.items import postings
from ingestion.rules.rows import Columns, Means
from ingestion.rules.transformers import CURRENT
from jobly.runs.actions import emit
from jobly.runs.actions.crash import crashpoint
from jobly.runs.actions.progress import Progress

from .contracts import check_contract
from .copying import copy_rows
from .twins import basis_of, known_rows, twin_of

BATCH = 500  # items a transaction
LARGE = 10_000_000  # bytes: for less, helpers cost more to start than they save
MOST_HELPERS = 4
Row = tuple[Any, ...]  # by COLUMNS
Item = RawPosting | RowProblem
COLUMNS = [
    "processing_id",
    "row",
    "status",
    "external_id",
    "url_key",
    "content_key",
    "content_hash",
    "data",
    "raw",
    "warnings",
    "error_field",
    "error_code",
    "error",
]


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass over a collection: by which transformer, over which rows, and what people mended.

    `only` are the numbers of the rows to read, None for all; `fixes` are items that stand in for
    what came, by row; `twin` is an earlier pass that read the same bytes in the same way.
    """

    processing: Processing
    collection: RawCollection
    only: frozenset[int] | None = None
    fixes: dict[int, dict[str, Any]] = field(default_factory=dict)
    twin: Processing | None = None


def process_collection(progress: Progress, collection_id: str) -> dict[str, Any]:
    """Normalise every item of a collection under the newest transformer, in batches.

    A pass that was interrupted goes on behind its last stored row, under the version it was begun
    with; one that has ended is left alone. Emits: ProcessingDone.
    """
    with progress.transaction():
        rows = RawCollection.objects.select_related("source__company", "artifact")
        # a fact may be told twice: the lock lets one run make the pass and the other find it
        collection = rows.select_for_update(of=("self",), no_key=True).get(pk=collection_id)
        passes = Processing.objects.filter(collection=collection, reprocessing=None)
        processing = passes.first() or Processing.objects.create(
            collection=collection,
            transformer=CURRENT,
            basis=basis_of(collection, CURRENT),
            status=Processing.Status.PROCESSING,
        )
    if processing.processed_at is None:
        one = Pass(processing, collection, twin=twin_of(processing))
        read_rest(progress, one)
        close_pass(progress, one)
    return counts(processing)


def read_rest(progress: Progress, one: Pass) -> None:
    """Store the items behind the last stored one. Raises: FileRefused, after quarantining.

    Items of a larger file are normalised by processes beside this one, which reads and writes.
    """
    last = _last_row(one.processing)
    progress.tell(step="Reading and normalising rows", done=one.processing.processed)
    collection = one.collection
    census = Census()
    is_short = one.only is not None or one.twin is not None  # little of it is left to normalise
    helpers = 0 if is_short else helpers_for(collection.artifact.size)
    try:
        with (
            collection.artifact.open() as stream,
            Normalisers(_means(one), helpers) as normalisers,
        ):
            items = read(stream, Shape(**collection.shape), mapping=_mapping(collection))
            counted = _counted(items, census)
            fresh = (item for item in counted if item.row > last and _is_wanted(one, item.row))
            for batch, made in normalisers.each(_batches(one, fresh, stream)):
                _store_batch(progress, one, batch.rows(made))
                progress.tell(share=batch.share)
        if one.processing.reprocessing_id is None:
            check_contract(progress, collection, census)
    except FileRefused as refused:
        _quarantine(progress, one, refused)
        raise


def helpers_for(size: int) -> int:
    """Return how many processes are worth their start for a file of so many bytes."""
    return min(MOST_HELPERS, len(os.sched_getaffinity(0))) if size >= LARGE else 0


def _means(one: Pass) -> Means:
    collection = one.collection
    return Means(
        transformer=one.processing.transformer,
        collected_at=collection.collected_at,
        employer=collection.source.employer or collection.source.name,
        adapter=collection.source.adapter,
        request=collection.request,
        words=vocabulary(),
    )


@dataclass(frozen=True, slots=True)
class Taken:
    """Some items in their order: which are to be normalised, and the rows of the others.

    `share` is the part of the file that was read with them.
    """

    numbers: list[int]
    items: list[RawPosting]
    known: dict[int, Row]
    processing: Processing
    share: float

    def rows(self, made: Made) -> list[Row]:
        """Return the row of each item, given what was made of those to be normalised."""
        rows = dict(self.known)
        for item, columns in zip(self.items, made, strict=True):
            rows[item.row] = _row(self.processing, item, columns)
        return [rows[number] for number in self.numbers]


def _batches(one: Pass, items: Iterator[Item], stream: BinaryIO) -> Iterator[Taken]:
    """Yield items in batches; what a twin or a person knows better is not read again."""
    while batch := list(islice(items, BATCH)):
        numbers = [item.row for item in batch]
        known = known_rows(one.processing, one.twin, numbers)
        to_read = []
        for came in batch:
            if came.row in known:
                continue
            fix = one.fixes.get(came.row)
            item = came if fix is None else _mended(one, came, fix)
            if isinstance(item, RowProblem):
                known[came.row] = _failed(one.processing, item)
            else:
                to_read.append(item)
        share = _share_read(stream, one.collection.artifact.size)
        yield Taken(numbers, to_read, known, one.processing, share)


def _counted(items: Iterator[Item], census: Census) -> Iterator[Item]:
    """Count every item on its way, those too that a pass has stored before it broke off."""
    for item in items:
        census.add(item.row, item.raw)
        yield item


def _is_wanted(one: Pass, row: int) -> bool:
    return one.only is None or row in one.only


def _share_read(stream: BinaryIO, size: int) -> float:
    """Return which part of a file was read; a reader closes it at its end."""
    return 1.0 if stream.closed else stream.tell() / max(1, size)


def _store_batch(progress: Progress, one: Pass, rows: list[Row]) -> None:
    """Write one batch of rows and its counts in one fenced transaction.

    Rows that another run of the same pass stored meanwhile are left out.
    """
    processing = one.processing
    rows = withheld(processing, rows)
    with progress.transaction():
        _lock(processing)
        last = _last_row(processing)
        rows = [row for row in rows if row[1] > last]
        failed = sum(row[2] == ProcessedJob.Status.FAILED for row in rows)
        copy_rows(ProcessedJob, COLUMNS, rows)
        Processing.objects.filter(pk=processing.pk).update(
            raw=F("raw") + len(rows),
            processed=F("processed") + len(rows) - failed,
            failed=F("failed") + failed,
            warnings=F("warnings") + sum(row[9] != "[]" for row in rows),
        )
        crashpoint("ingestion.mid_process")
    processing.refresh_from_db()
    progress.tell(done=processing.processed, failed=processing.failed)


def _lock(processing: Processing) -> None:
    """Have the pass to ourselves until the transaction ends, and see it as it is now."""
    row = Processing.objects.select_for_update(no_key=True)
    processing.refresh_from_db(from_queryset=row)


def _last_row(processing: Processing) -> int:
    """Return the number of the last item that is stored; 0 when none is."""
    last: int | None = processing.items.aggregate(last=Max("row"))["last"]
    return last or 0


def _mended(one: Pass, came: Item, fix: dict[str, Any]) -> Item:
    """Read an item that a person mended, by its keys as its source's other items are read.

    Should its values still be wrong, the error shows what came first.
    """
    try:
        (item,) = postings([(came.row, fix, {})], LIMITS, _mapping(one.collection))
    except FileRefused as refused:
        return RowProblem(came.row, fix, "", refused.code, refused.message)
    return replace(item, raw=came.raw) if isinstance(item, RawPosting) else item


def _row(processing: Processing, item: RawPosting, made: Columns | RowProblem) -> Row:
    """Return the row of an item by what was made of it."""
    if isinstance(made, RowProblem):
        return _failed(processing, replace(made, raw=item.raw))
    *keys, data, warnings = made
    status = ProcessedJob.Status.PENDING
    return (processing.pk, item.row, status, *keys, data, None, warnings, "", "", "")


def _failed(processing: Processing, wrong: RowProblem) -> Row:
    """Return the row of an item that could not be read, the item itself kept beside the error."""
    raw = orjson.dumps(wrong.raw, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    raw = raw.replace("\\u0000", "")  # JSONB holds no NUL; the untouched bytes are the artifact
    status = ProcessedJob.Status.FAILED
    return (
        processing.pk, wrong.row, status, "", "", "", "", None, raw, "[]",
        wrong.field, wrong.code, wrong.message,
    )  # fmt: skip


def close_pass(progress: Progress, one: Pass, *, shadow: bool = False) -> None:
    """End the pass, hold all rows back where the mode asks for it, and tell who goes on.

    A shadow goes nowhere until somebody promotes it. Emits: ProcessingDone.
    """
    processing, collection = one.processing, one.collection
    with progress.transaction():
        _lock(processing)
        if processing.processed_at is not None:
            return
        held = Upload.objects.filter(collection=collection, status__in=Upload.HELD).first()
        if processing.failed and not held and not shadow and _is_all_or_nothing(one):
            _hold_back(collection, processing)
        processing.processed_at = Now()
        processing.status = (
            Processing.Status.PARTIAL if processing.failed else Processing.Status.COMPLETED
        )
        processing.save()
        collection.status = RawCollection.Status.PROCESSED
        collection.save(update_fields=["status"])
        if held:  # a person looks at the rows before anything is loaded
            progress.start("ingestion.compare_upload", {"upload_id": str(held.pk)})
        elif not shadow:
            again = processing.reprocessing_id is not None
            emit(
                ProcessingDone(processing_id=str(processing.pk)),
                company=collection.source.company,
                delay=timedelta() if again else collection.source.load_delay,
            )
    processing.refresh_from_db()


def _hold_back(collection: RawCollection, processing: Processing) -> None:
    """Fail the good rows of an all-or-nothing file too, and say so on each."""
    processing.items.filter(status=ProcessedJob.Status.PENDING).update(
        status=ProcessedJob.Status.FAILED,
        error_field="",
        error_code="held_back",
        error="The row is fine; the file was taken all or nothing and other rows failed.",
    )
    bad = processing.failed
    processing.failed, processing.processed = processing.raw, 0
    Upload.objects.filter(collection=collection).update(
        status=Upload.Status.REFUSED,
        error_code="all_or_nothing",
        error=f"{bad} rows failed, so nothing was loaded. Mend them and send the file again.",
    )


def _quarantine(progress: Progress, one: Pass, refused: FileRefused) -> None:
    """Set a collection aside whose inside turned out unreadable; what was read stays unloaded.

    One that could be read before keeps its standing: only the pass has failed.
    """
    with progress.transaction():
        Processing.objects.filter(pk=one.processing.pk).update(
            status=Processing.Status.FAILED, processed_at=Now()
        )
        if one.processing.reprocessing_id is not None:
            return
        RawCollection.objects.filter(pk=one.collection.pk).update(
            status=RawCollection.Status.QUARANTINED,
            error_code=refused.code,
            error=refused.message,
        )
        Upload.objects.filter(collection=one.collection).update(
            status=Upload.Status.REFUSED, error_code=refused.code, error=refused.message
        )


def _is_all_or_nothing(one: Pass) -> bool:
    """Whether the file came with the mode that loads nothing when a row fails.

    A file that was let in before stays in, whatever a later pass makes of its rows.
    """
    if one.collection.request.get("mode") != Upload.Mode.ALL_OR_NOTHING:
        return False
    refused = Upload.objects.filter(collection=one.collection, status=Upload.Status.REFUSED)
    return one.processing.reprocessing_id is None or refused.exists()


def _mapping(collection: RawCollection) -> dict[str, str] | None:
    """Return the column mapping a person gave, if any."""
    mapping: dict[str, str] | None = collection.request.get("mapping")
    return mapping


def counts(processing: Processing) -> dict[str, Any]:
    """Return the books of one pass."""
    names = ("raw", "processed", "failed", "loaded", "updated", "duplicates", "warnings")
    return {"processing": str(processing.pk)} | {n: getattr(processing, n) for n in names}
