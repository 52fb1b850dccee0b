"""Compare what a shadow pass read with the catalogue, item by item; nothing else is written."""

from datetime import datetime
from typing import Any

from django.db.models.functions import Coalesce

from ingestion.models import Difference, Employer, Job, ProcessedJob, Processing
from ingestion.rules.duplicates import Item, Verdict
from jobly.runs.actions.crash import crashpoint
from jobly.runs.actions.progress import Progress

from .catalogue import CONTENT, values_of
from .decisions import BATCH, Batch, decide_all, known_employers, pending, shared_urls

SHOWN = 300  # characters of a text that people are shown
KINDS = {Verdict.NEW: Difference.Verdict.NEW, Verdict.CHANGED: Difference.Verdict.UPDATED}
SILENT = ("url_key", "content_hash")  # names of the row, no news to anybody


def compare_pass(progress: Progress, processing: Processing) -> None:
    """Write what loading the pass would change; what was found before is found anew."""
    shared, before, last = shared_urls(processing), set[str](), 0
    with progress.transaction():
        Difference.objects.filter(processing=processing).delete()
    rejected = _rejected(processing)
    progress.tell(step="Comparing with the catalogue", total=processing.raw, done=0)
    while rows := pending(processing, behind=last):
        batch, last = Batch(processing, rows), rows[-1].row
        decide_all(batch, shared, before)
        batch.read(*KINDS)
        with progress.transaction():
            Difference.objects.bulk_create(_differences(batch))
            crashpoint("ingestion.mid_shadow")
        progress.tell(done=progress.position.done + len(batch.rows))
    with progress.transaction():
        Difference.objects.bulk_create(rejected, batch_size=BATCH)


def _differences(batch: Batch) -> list[Difference]:
    """Return what the batch would change."""
    found = []
    written: set[int] = set()
    employers = _employer_names(batch)
    for row in batch.rows:
        decision = batch.decisions[row.pk]
        kind = KINDS.get(decision.verdict)
        if kind is None or decision.job_id in written:
            continue
        written |= {decision.job_id} if decision.job_id else set()
        found.append(_difference(batch, row, kind, employers))
    return found


def _employer_names(batch: Batch) -> dict[int, str]:
    """Name the employers that jobs would leave."""
    left = [pairs["employer_id"][0] for pairs in batch.differing.values() if "employer_id" in pairs]
    return dict(Employer.objects.filter(pk__in=left).values_list("pk", "name"))


def _difference(
    batch: Batch, row: Item, kind: Difference.Verdict, employers: dict[int, str]
) -> Difference:
    decision, posting = batch.decisions[row.pk], batch.postings[row.pk]
    pairs = batch.differing.get(decision.job_id or 0)
    if pairs is None:
        known = known_employers([posting])
        values = dict(zip(CONTENT, values_of(row, posting, known), strict=True))
        pairs = {name: (None, value) for name, value in values.items() if value not in ("", None)}
    if "employer_id" in pairs:  # people know it by name, and a new one has no number yet
        was = employers.get(pairs["employer_id"][0] or 0)
        pairs = pairs | {"employer_id": (was, posting.employer)}
    return Difference(
        reprocessing=batch.processing.reprocessing,
        processing=batch.processing,
        row=row.row,
        job_id=decision.job_id,
        verdict=kind,
        title=posting.title[:SHOWN],
        names=[name for name in pairs if name not in SILENT],
        old={name: _shown(old) for name, (old, _) in pairs.items()},
        new={name: _shown(new) for name, (_, new) in pairs.items()},
    )


def _shown(value: Any) -> Any:
    """Cut a value to what a person reads."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str) and len(value) > SHOWN:
        return value[:SHOWN] + "…"
    return value


def _rejected(processing: Processing) -> list[Difference]:
    """Return the jobs whose row would fail now although an earlier pass could read it."""
    failed = processing.items.filter(status=ProcessedJob.Status.FAILED)
    earlier = Processing.objects.current().filter(collection=processing.collection_id)
    before: dict[int, int] = dict(
        ProcessedJob.objects.filter(
            processing__in=earlier, job_id__isnull=False, row__in=failed.values("row")
        ).values_list("row", Coalesce("job_id", 0))
    )
    titles = dict(Job.objects.filter(pk__in=before.values()).values_list("pk", "title"))
    return [
        Difference(
            reprocessing=processing.reprocessing,
            processing=processing,
            row=item.row,
            job_id=before[item.row],
            verdict=Difference.Verdict.REJECTED,
            title=titles.get(before[item.row], "")[:SHOWN],
            names=[item.error_field or "row"],
            new={item.error_field or "row": item.error},
        )
        for item in failed.filter(row__in=before).defer("raw")
    ]
