"""Carry out what people decide about suggestions: one by one, or all safe ones at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models.functions import Now

from ingestion.errors import SuggestionStale
from ingestion.events import JobsLoaded
from ingestion.models import Job, JobDesk, Suggestion
from ingestion.rules.enrichment.taking import is_stale, taken
from ingestion.rules.enrichment.views import basis_of
from jobly.errors import Conflict
from jobly.runs.actions import emit, transaction
from jobly.users.models import User

from .versions import Note, noting

#: the columns that a suggestion may change
COLUMNS = (
    "title",
    "summary",
    "seniority",
    "employment_type",
    "remote",
    "city",
    "region",
    "country",
    "lat",
    "lon",
    "skills",
    "salary_min",
    "salary_max",
    "salary_currency",
    "salary_period",
    "salary_annual_min",
    "salary_annual_max",
    "salary_source",
    "salary_text",
    "salary_confidence",
)


@dataclass(frozen=True, slots=True)
class Taken:
    """How many suggestions were taken over, of how many jobs, and how many were out of date."""

    accepted: int
    jobs: int
    stale: int


def accept_suggestion(suggestion: Suggestion, *, actor: User | None) -> None:
    """Change the job as suggested, as an edit with a version of its own.

    Emits: JobsLoaded. Raises: SuggestionStale if the job changed since, Conflict if it was decided.
    """
    done = _take(suggestion.job_id, [suggestion.pk], actor)
    if done.stale:
        raise SuggestionStale(
            "The job has changed since this was suggested; nothing was changed. Look at it again.",
            suggestion=suggestion.pk,
        )
    if not done.accepted:
        raise Conflict(
            "Somebody decided on this suggestion already; nothing was changed.",
            suggestion=suggestion.pk,
        )


def reject_suggestion(suggestion: Suggestion, *, actor: User | None) -> None:
    """Leave the job as it is and do not ask again. Raises: Conflict if it was decided."""
    rows = Suggestion.objects.open().filter(pk=suggestion.pk)
    status = Suggestion.Status.REJECTED
    if not rows.update(status=status, decided_by=actor, decided_at=Now()):
        raise Conflict(
            "Somebody decided on this suggestion already; nothing was changed.",
            suggestion=suggestion.pk,
        )


def accept_safe(job_ids: Iterable[int], *, actor: User | None) -> Taken:
    """Take over every safe suggestion for these jobs, one edit a job; those out of date stay open.

    Each job is a transaction of its own, so a change of one holds up no other. Emits: JobsLoaded.
    """
    rows = Suggestion.objects.open().safe().filter(job__in=list(job_ids)).order_by("job", "pk")
    chosen: dict[int, list[int]] = {}
    for job_id, pk in rows.values_list("job_id", "pk"):
        chosen.setdefault(job_id, []).append(pk)
    done = [_take(job_id, pks, actor) for job_id, pks in chosen.items()]
    return Taken(
        sum(one.accepted for one in done),
        sum(one.jobs for one in done),
        sum(one.stale for one in done),
    )


@transaction
def _take(job_id: int, suggestion_ids: list[int], actor: User | None) -> Taken:
    """Take over those suggestions for one job that are open and not out of date."""
    job = Job.objects.select_for_update(no_key=True, of=("self",)).get(pk=job_id)
    rows = Suggestion.objects.open().filter(pk__in=suggestion_ids, job=job).order_by("pk")
    held, now = {name: getattr(job, name) for name in COLUMNS}, basis_of(job.description_text)
    fresh, stale = [], 0
    for row in rows.select_for_update(of=("self",)).select_related("enrichment"):
        if is_stale(row.original, held, row.enrichment.basis, now):
            stale += 1
        else:
            fresh.append(row)
    columns = taken(held, [row.value for row in fresh])
    if columns:
        _write(job, columns, actor)
    Suggestion.objects.filter(pk__in=[row.pk for row in fresh]).update(
        status=Suggestion.Status.ACCEPTED, decided_by=actor, decided_at=Now()
    )
    return Taken(len(fresh), bool(fresh), stale)


def _write(job: Job, columns: dict[str, Any], actor: User | None) -> None:
    """Write the columns as a person's edit: with a version, and not for a file to undo."""
    unknown = columns.keys() - set(COLUMNS)
    if unknown:
        raise ValueError(f"no suggestion may change {', '.join(sorted(unknown))}")
    with noting([job.pk], Note("enrichment", actor)):
        Job.objects.filter(pk=job.pk).update(**columns, updated_at=Now())
    if job.company_id is not None:
        JobDesk.objects.update_or_create(job=job, defaults={"edited_at": Now()})
    emit(JobsLoaded(job_ids=[job.pk]), actor=actor, company=job.company_id)
