"""Carry out what people decide about suggestions: one by one, or all safe ones at once."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.db.models.functions import Now
from django.utils import timezone

from ingestion.errors import SuggestionStale
from ingestion.models import Job, Suggestion
from ingestion.reports.postings import posting_of
from ingestion.rules.enrichment.taking import is_stale, salary_of, taken
from ingestion.rules.enrichment.views import basis_of
from ingestion.rules.normalise import Posting, normalise
from ingestion.rules.writing import raw_posting, written_of
from jobly.errors import Conflict
from jobly.runs.actions import transaction
from jobly.users.models import User

from .editing import take_over

#: the columns that a posting has by the same name, and those it does not have
SAME = {"seniority", "employment_type", "remote", "city", "region", "country", "lat", "lon"}
OWN = {"summary"}
#: the columns that a suggestion may change
COLUMNS = (
    *sorted(SAME | OWN),
    "title",
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
    rows = Job.objects.select_related("employer", "company")
    job = rows.select_for_update(no_key=True, of=("self",)).get(pk=job_id)
    chosen = Suggestion.objects.open().filter(pk__in=suggestion_ids, job=job).order_by("pk")
    held, now = {name: getattr(job, name) for name in COLUMNS}, basis_of(job.description_text)
    fresh, stale = [], 0
    for row in chosen.select_for_update(of=("self",)).select_related("enrichment"):
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
    posting = posting_of(job)
    if "title" in columns:
        posting = _retitled(posting, columns["title"])
    same = {name: columns[name] for name in SAME & columns.keys()}
    if "skills" in columns:
        same["skills"] = tuple(columns["skills"])
    if "salary_min" in columns:
        same["salary"] = salary_of(columns)
    own = {name: columns[name] for name in OWN & columns.keys()}
    take_over(job, replace(posting, **same), own, actor=actor)


def _retitled(posting: Posting, title: str) -> Posting:
    """Return a posting with another title and what follows from the title alone."""
    written = replace(written_of(posting), title=title)
    read, _ = normalise(raw_posting(written), now=timezone.now())
    facts = [fact for fact in read.skill_facts if fact.field == "title"]
    facts += [fact for fact in posting.skill_facts if fact.field != "title"]
    return replace(
        posting,
        title=title,
        occupation=read.occupation,
        department=read.department,
        skill_facts=tuple(facts),
    )
