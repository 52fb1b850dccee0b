"""Read stored collections again: for real or as a shadow, promote a shadow, roll either back.

Nothing is fetched: the bytes are there. Every pass is a run of its own and goes on where it broke.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from ingestion.errors import FileRefused, NothingChosen, ReprocessingMoved
from ingestion.events import JobsReprocessed
from ingestion.models import (
    BeforeImage,
    ProcessedJob,
    Processing,
    RawCollection,
    Reprocessing,
    Upload,
)
from ingestion.rules.transformers import CURRENT, TRANSFORMERS
from jobly.artifacts.errors import ArtifactGone
from jobly.errors import Rejected
from jobly.runs.actions import emit, start, transaction
from jobly.runs.actions.crash import crashpoint
from jobly.runs.actions.progress import Progress
from jobly.runs.actions.telling import plain
from jobly.runs.models import Run
from jobly.users.models import User

from . import images
from .processing import Pass, close_pass, counts, read_rest
from .searching import index_waiting
from .settling import settle
from .shadows import compare_pass

BATCH = 500  # before-images a transaction
Status = Reprocessing.Status
NO_MORE = Q()


@dataclass(frozen=True, slots=True)
class Choice:
    """Which collections to read again: all that fit everything that is given.

    `transformer`: last read by this version. `failed`: only rows that failed. `items`: only these
    failed rows. `companies`: only these companies' own; None for everybody's.
    """

    source: str = ""
    since: datetime | None = None
    failed: bool = False
    transformer: str = ""
    collection: UUID | None = None
    items: tuple[int, ...] = ()
    companies: tuple[UUID, ...] | None = None

    def told(self) -> dict[str, Any]:
        """Return what was given."""
        return {name: value for name, value in asdict(self).items() if value}


def chosen(choice: Choice) -> QuerySet[RawCollection]:
    """Return the collections that a choice means, the oldest first."""
    rows = RawCollection.objects.filter(status=RawCollection.Status.PROCESSED)
    rows = rows.exclude(upload__status__in=Upload.HELD)
    current = Processing.objects.current().filter(processed_at__isnull=False)
    if choice.source:
        rows = rows.filter(source__name=choice.source)
    if choice.since:
        rows = rows.filter(collected_at__gte=choice.since)
    if choice.collection:
        rows = rows.filter(pk=choice.collection)
    if choice.companies is not None:
        rows = rows.filter(source__company__in=choice.companies)
    if choice.transformer:
        current = current.filter(transformer=choice.transformer)
    if choice.failed or choice.items:
        current = current.filter(pk__in=_failed(choice).values("processing"))
    return rows.filter(pk__in=current.values("collection")).order_by("collected_at")


def _failed(choice: Choice) -> QuerySet[ProcessedJob]:
    """Return the failed rows that nobody has taken up again."""
    rows = ProcessedJob.objects.failed()
    return rows.filter(pk__in=choice.items) if choice.items else rows


@transaction
def reprocess(
    choice: Choice, *, shadow: bool = False, transformer: str = CURRENT, actor: User | None
) -> tuple[Reprocessing, Run]:
    """Note the wish, a pass for each collection, and start the run that makes them.

    Raises: NothingChosen when no collection fits, Rejected for a transformer that is not there.
    """
    row, args = plan(choice, shadow=shadow, transformer=transformer, actor=actor)
    company = choice.companies[0] if choice.companies and len(choice.companies) == 1 else None
    run = start("ingestion.reprocess", args, actor=actor, company=company)
    Reprocessing.objects.filter(pk=row.pk).update(run_id=run.pk)
    return row, run


@transaction
def plan(
    choice: Choice, *, shadow: bool = False, transformer: str = CURRENT, actor: User | None
) -> tuple[Reprocessing, dict[str, str]]:
    """Note the wish and a pass for each collection; return it and the arguments of its run."""
    if transformer not in TRANSFORMERS:
        known = ", ".join(TRANSFORMERS)
        raise Rejected(f"There is no transformer {transformer}, only {known}; nothing was started.")
    collections = list(chosen(choice).values_list("pk", flat=True))
    if not collections:
        raise NothingChosen("No stored collection fits; nothing was started.")
    repairs = bool(choice.failed or choice.items)
    row = Reprocessing.objects.create(
        shadow=shadow,
        failed_only=repairs,
        transformer=transformer,
        choice=plain(choice.told()),
        created_by=actor,
    )
    passes = Processing.objects.bulk_create(
        Processing(
            collection_id=pk,
            transformer=transformer,
            counts=False,
            repairs=repairs,
            reprocessing=row,
        )
        for pk in collections
    )
    if repairs:
        for one in passes:
            mine = _failed(choice).filter(processing__collection=one.collection_id)
            mine.update(again=one)
    return row, {"reprocessing_id": str(row.pk)}


def run_passes(progress: Progress, reprocessing_id: str) -> dict[str, Any]:
    """Start a run for each pass that has not ended."""
    waiting = Processing.objects.filter(reprocessing__id=reprocessing_id, processed_at=None)
    with progress.transaction():
        for pk in waiting.order_by("collection__collected_at").values_list("pk", flat=True):
            progress.start("ingestion.process_again", {"processing_id": str(pk)})
    return {"reprocessing": reprocessing_id}


def process_again(progress: Progress, processing_id: str) -> dict[str, Any]:
    """Make one repeated pass; a shadow is compared with the catalogue and loaded by nobody.

    An unreadable or lost file fails the pass alone. Emits: ProcessingDone, unless a shadow.
    """
    rows = Processing.objects.select_related(
        "reprocessing", "collection__source__company", "collection__artifact"
    )
    processing = rows.get(pk=processing_id)
    if processing.processed_at is not None:
        return counts(processing)
    again = processing.reprocessing
    one = Pass(processing, processing.collection, *_taken_up(processing))
    try:
        read_rest(progress, one)
    except (FileRefused, ArtifactGone):
        _give_up(progress, processing)
        return counts(processing)
    if again is not None and again.shadow:
        compare_pass(progress, processing)
        close_pass(progress, one, shadow=True)
        with progress.transaction():
            settle(again.pk)
    else:
        close_pass(progress, one)
    return counts(processing)


def _taken_up(processing: Processing) -> tuple[frozenset[int] | None, dict[int, dict[str, Any]]]:
    """Return the rows that a pass reads, None for all, and what people put in their place."""
    items = ProcessedJob.objects.filter(processing__collection=processing.collection_id)
    mended: dict[int, Any] = dict(
        items.filter(fix__isnull=False).order_by("pk").values_list("row", "fix")
    )
    only = frozenset(items.filter(again=processing).values_list("row", flat=True))
    return (only if processing.repairs else None), mended


def _give_up(progress: Progress, processing: Processing) -> None:
    """End a pass whose bytes cannot be read; the rows it had taken up are free again."""
    with progress.transaction():
        Processing.objects.filter(pk=processing.pk).update(
            status=Processing.Status.FAILED, processed_at=Now()
        )
        ProcessedJob.objects.filter(again=processing).update(again=None)
        if processing.reprocessing_id:
            settle(processing.reprocessing_id)
    processing.refresh_from_db()


@transaction
def fix_item(item: ProcessedJob, fix: dict[str, Any] | None) -> None:
    """Keep what a person puts in the place of a failed item; what came stays beside it."""
    ProcessedJob.objects.filter(pk=item.pk).update(fix=fix)


@transaction
def promote(row: Reprocessing, *, actor: User | None) -> Run:
    """Start loading what a shadow read. Raises: ReprocessingMoved unless it waits for that."""
    begin_promotion(row)
    return _start("ingestion.promote", row, actor)


@transaction
def roll_back(row: Reprocessing, *, actor: User | None) -> Run:
    """Start putting back what a reprocessing changed. Raises: ReprocessingMoved unless done."""
    begin_rollback(row)
    return _start("ingestion.roll_back", row, actor)


def begin_promotion(row: Reprocessing) -> None:
    """Let the passes of a shadow be loaded; one that is being promoted goes on with it."""
    _move(row, (Status.READY, Status.ROLLED_BACK), Status.PROMOTING, Q(shadow=True))


def begin_rollback(row: Reprocessing) -> None:
    """Let what was there be put back; a rollback that broke off goes on.

    Raises: ReprocessingMoved unless it is done and nothing later stands on it.
    """
    mine = Processing.objects.filter(reprocessing=row, collection=OuterRef("collection"))
    later = Processing.objects.filter(
        Exists(mine.filter(loaded_at__lt=OuterRef("loaded_at"))), counts=True
    )
    if newest := later.exclude(reprocessing=row).select_related("reprocessing").first():
        raise ReprocessingMoved(
            f"{newest.reprocessing} came after it and stands on it; nothing was changed."
            " Roll that one back first.",
            reprocessing=str(row.pk),
        )
    _move(row, (Status.DONE,), Status.ROLLING_BACK)


def _start(kind: str, row: Reprocessing, actor: User | None) -> Run:
    run = start(kind, {"reprocessing_id": str(row.pk)}, actor=actor)
    Reprocessing.objects.filter(pk=row.pk).update(run_id=run.pk)
    row.refresh_from_db()
    return run


def _move(row: Reprocessing, allowed: tuple[Status, ...], to: Status, more: Q = NO_MORE) -> None:
    """Change status by compare-and-set; what is under way already stays under way."""
    rows = Reprocessing.objects.filter(
        more, pk=row.pk, status__in=(*allowed, to), forgotten_at=None
    )
    if not rows.update(status=to, ended_at=None):
        kind = "shadow" if row.shadow else "reprocessing"
        row.refresh_from_db()
        if row.forgotten_at is not None:
            raise ReprocessingMoved(
                f"What this {kind} kept was forgotten on {row.forgotten_at:%-d %B %Y};"
                " nothing was changed. Begin a new one.",
                reprocessing=str(row.pk),
            )
        raise ReprocessingMoved(
            f"This {kind} is {row.get_status_display().lower()}; nothing was changed.",
            reprocessing=str(row.pk),
        )
    row.refresh_from_db()


def load_passes(progress: Progress, reprocessing_id: str) -> dict[str, Any]:
    """Start the load of each pass of a promoted shadow that is not loaded."""
    passes = Processing.objects.filter(reprocessing__id=reprocessing_id, loaded_at=None)
    waiting = passes.exclude(status=Processing.Status.FAILED).order_by("collection__collected_at")
    with progress.transaction():
        ids = list(waiting.values_list("pk", flat=True))
        for pk in ids:
            progress.start("ingestion.load", {"processing_id": str(pk)})
        if not ids:
            settle(UUID(reprocessing_id))
    return {"reprocessing": reprocessing_id}


def restore(progress: Progress, reprocessing_id: str) -> dict[str, Any]:
    """Put every row back that the passes wrote, in batches; the passes count no more.

    `moved_on` jobs were changed by somebody since and stay. Emits: JobsReprocessed.
    """
    sums = {"restored": 0, "removed": 0, "moved_on": 0}
    passes = Processing.objects.filter(reprocessing__id=reprocessing_id)
    waiting = BeforeImage.objects.filter(processing__in=passes)
    progress.tell(step="Putting back what was there", total=waiting.count())
    for processing in passes.select_related("collection__source").order_by("-loaded_at"):
        while _restore_batch(progress, processing, sums):
            progress.tell(done=sum(sums.values()))
        _unload(progress, processing)
    index_waiting()
    with progress.transaction():
        rows = Reprocessing.objects.filter(pk=reprocessing_id, status=Status.ROLLING_BACK)
        rows.update(status=Status.ROLLED_BACK, ended_at=Now())
    return {"reprocessing": reprocessing_id, **sums}


def _restore_batch(progress: Progress, processing: Processing, sums: dict[str, int]) -> bool:
    """Put one batch back and forget its images; whether there was one. The newest go first."""
    with progress.transaction():
        rows = BeforeImage.objects.filter(processing=processing)
        batch = list(rows.order_by("-pk")[:BATCH])
        if not batch:
            return False
        restored, removed, moved_on = images.put_back(batch)
        rows.filter(pk__in=[image.pk for image in batch]).delete()
        crashpoint("ingestion.mid_rollback")
        if restored:
            company = processing.collection.source.company_id
            emit(JobsReprocessed(job_ids=restored), company=company, detached=True)
    for name, count in zip(sums, (len(restored), removed, moved_on), strict=True):
        sums[name] += count
    return True


def _unload(progress: Progress, processing: Processing) -> None:
    """Let a pass count no more: the earlier ones stand again and its items wait."""
    with progress.transaction():
        Processing.objects.filter(superseded_by=processing).update(superseded_by=None)
        Processing.objects.filter(pk=processing.pk).update(
            counts=False, loaded_at=None, loaded=0, updated=0, duplicates=0
        )
        done = processing.items.exclude(status=ProcessedJob.Status.FAILED)
        done.update(status=ProcessedJob.Status.PENDING, job_id=None)
        if processing.reprocessing and not processing.reprocessing.shadow:
            ProcessedJob.objects.filter(again=processing).update(again=None)
