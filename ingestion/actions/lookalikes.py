"""Lay the rows of a checked file beside each other and the company's jobs; people then choose."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Now

from ingestion.errors import FileHeld
from ingestion.models import Job, ProcessedJob, Processing, RowMatch, Upload
from ingestion.reports.likeness import LookAlike, look_alikes
from ingestion.rules.choices import SEPARATE, SKIP, UPDATE
from ingestion.rules.duplicates import Decision, Verdict
from jobly.errors import Rejected
from jobly.runs.actions import transaction
from jobly.runs.actions.crash import crashpoint
from jobly.runs.actions.progress import Progress
from jobly.users.models import User

from .decisions import Batch, decide_all, pending, shared_urls
from .intake import mark_checked

MAX_WHY = 500
KINDS = {Verdict.KNOWN: RowMatch.Kind.KNOWN, Verdict.CHANGED: RowMatch.Kind.CHANGED}
# rows that are the same item again, else those that say the same under another reference
TWICE = """
WITH keyed AS (
    SELECT row, content_key, CASE
        WHEN external_id <> '' THEN 'ref:' || external_id
        WHEN url_key <> '' AND NOT url_key = ANY(%s) THEN 'url:' || url_key
        ELSE 'content:' || content_key END AS key
    FROM ingestion_processedjob WHERE processing_id = %s AND status = 'pending'
), placed AS (
    SELECT row, min(row) OVER (PARTITION BY key) AS same,
        min(row) OVER (PARTITION BY content_key) AS alike
    FROM keyed
) SELECT row, same, alike FROM placed WHERE row > least(same, alike)
"""


def compare_upload(progress: Progress, upload_id: str) -> dict[str, Any]:
    """Find the rows of a file that are or look like something known, and say it is checked.

    Running it twice finds the same; what a person chose meanwhile stays. A run that was broken off
    goes on behind its last row.
    """
    upload = Upload.objects.select_related("company", "collection__source").get(pk=upload_id)
    processing = upload.collection.processings.latest("started_at")
    shared = shared_urls(processing)
    twice = _twice(processing, shared)
    done = progress.position.done
    progress.tell(step="Comparing with your jobs", total=processing.processed)
    last = _row_at(processing, done)
    while items := pending(processing, behind=last):
        batch = Batch(processing, items)
        done, last = done + len(items), items[-1].row
        with progress.transaction():
            decide_all(batch, shared)
            batch.read(Verdict.NEW)
            rows = list(_matches(upload, batch, twice))
            rows += _alike(upload, batch, {match.row for match in rows})
            RowMatch.objects.bulk_create(rows, ignore_conflicts=True)
            progress.keep(done=done)
            crashpoint("ingestion.mid_check")
        progress.tell(done=done)
    with progress.transaction():
        mark_checked(upload.pk)
    return {"upload": upload_id, "matches": upload.matches.count()}


def _row_at(processing: Processing, done: int) -> int:
    """Return the row behind which so many pending ones are compared; nothing of them changes."""
    rows = processing.items.filter(status=ProcessedJob.Status.PENDING).order_by("row")
    numbers = rows.values_list("row", flat=True)
    return next(iter(numbers[done - 1 : done]), 0) if done else 0


def _twice(processing: Processing, shared: frozenset[str]) -> dict[int, tuple[str, int]]:
    """Map each row that stands in the file twice to what it is of which earlier row."""
    with connection.cursor() as cursor:
        cursor.execute(TWICE, [list(shared), processing.pk])
        return {
            row: (RowMatch.Kind.REPEATED, same) if same < row else (RowMatch.Kind.ALIKE, alike)
            for row, same, alike in cursor.fetchall()
        }


def _matches(
    upload: Upload, batch: Batch, twice: Mapping[int, tuple[str, int]]
) -> Iterable[RowMatch]:
    for item in batch.rows:
        decision: Decision = batch.decisions[item.pk]
        if item.row in twice and twice[item.row][0] == RowMatch.Kind.REPEATED:
            yield RowMatch(
                upload=upload,
                row=item.row,
                kind=RowMatch.Kind.REPEATED,
                first_row=twice[item.row][1],
            )
        elif decision.job_id is not None:
            kind, evidence = KINDS[decision.verdict], {"rule": decision.rule}
            yield RowMatch(
                upload=upload, row=item.row, kind=kind, job_id=decision.job_id, evidence=evidence
            )
        elif item.row in twice:
            like, first = twice[item.row]
            yield RowMatch(upload=upload, row=item.row, kind=like, first_row=first)


def _alike(upload: Upload, batch: Batch, matched: set[int]) -> list[RowMatch]:
    """Match new rows with the open job of the company that each looks most like."""
    rows = [r for r in batch.of(Verdict.NEW) if r.row not in matched]
    found = look_alikes([batch.postings[row.pk] for row in rows], upload.company)
    open_ones = (Job.Status.LIVE, Job.Status.DRAFT)
    matches = []
    for number, likes in found.items():
        own = [
            like
            for like in likes
            if like.job.company_id == upload.company_id and like.job.status in open_ones
        ]
        if own:
            matches.append(
                RowMatch(
                    upload=upload,
                    row=rows[number].row,
                    kind=RowMatch.Kind.ALIKE,
                    job_id=own[0].job.pk,
                    evidence=_evidence(own[0]),
                )
            )
    return matches


def _evidence(like: LookAlike) -> dict[str, Any]:
    """Return what of a likeness a person is shown: the rule, and shares of 0 to 1."""
    found = like.evidence
    return {"answer": like.answer, "rule": like.rule, "words": round(found.jaccard, 2)}


@transaction
def choose_rows(
    upload: Upload, chosen: Mapping[int, tuple[str, str]], *, actor: User | None
) -> int:
    """Keep what a person wants with rows, by row number: (choice, why); return how many changed.

    A row kept beside its like needs a reason. All or none are kept. Raises: FileHeld, Rejected.
    """
    _open(upload)
    rows = RowMatch.objects.select_for_update().filter(upload=upload, row__in=list(chosen))
    changed, wrong = [], {}
    for match in rows:
        choice, why = chosen[match.row]
        if (choice, why.strip()) == (match.choice, match.why):
            continue
        if problem := _problem(match, choice, why):
            wrong[str(match.row)] = [problem]
        match.choice, match.why = choice, why.strip()[:MAX_WHY]
        match.chosen_by, match.chosen_at = actor, Now()
        changed.append(match)
    if wrong:
        raise Rejected("Some choices cannot be kept; none was changed.", fields=wrong)
    RowMatch.objects.bulk_update(changed, ["choice", "why", "chosen_by", "chosen_at"])
    return len(changed)


@transaction
def choose_all(upload: Upload, kind: str, choice: str, why: str, *, actor: User | None) -> int:
    """Make the same choice for all rows of a kind; return how many. Raises: FileHeld, Rejected."""
    _open(upload)
    rows = RowMatch.objects.filter(upload=upload, kind=kind)
    if problem := _problem(RowMatch(kind=kind, job_id=1), choice, why):
        raise Rejected(problem, fields={"why": [problem]})
    if choice == UPDATE:
        rows = rows.filter(~Q(job_id=None))
    stamp: dict[str, Any] = {"chosen_by": actor, "chosen_at": Now()}
    return rows.update(choice=choice, why=why.strip()[:MAX_WHY], **stamp)


def _open(upload: Upload) -> None:
    """Lock a file whose rows may be decided about."""
    row = Upload.objects.select_for_update(of=("self",)).get(pk=upload.pk)
    if row.status != Upload.Status.CHECKED:
        raise FileHeld(f"The file is {row.status}; its rows cannot be chosen. Nothing was changed.")


def _problem(match: RowMatch, choice: str, why: str) -> str:
    """Say why a choice makes no sense for a row; "" when it does."""
    if choice not in ("", SKIP, UPDATE, SEPARATE):
        return "There is no such choice."
    if choice == UPDATE and match.job_id is None:
        return "It is like another row of the file, which has no job yet: leave one of them out."
    if choice == SEPARATE and not why.strip():
        return "Say why both are meant, so that nobody removes one as a mistake."
    return ""
