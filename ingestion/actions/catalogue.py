"""Write jobs of the catalogue: many at once as the loader does, or one by a person's decision."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from django.db import connection
from django.db.models.functions import Now

from ingestion.events import JobClosed
from ingestion.models import Job, ProcessedJob
from ingestion.rules.duplicates import Item
from ingestion.rules.employers import employer_key
from ingestion.rules.gazetteer import Place
from ingestion.rules.geo import cells_of
from ingestion.rules.normalise import Posting
from jobly.runs.actions import emit, transaction
from jobly.users.models import User

from .clustering import settle_job
from .employers import employers_for

Keys = ProcessedJob | Item  # what a posting is known by
# of a job, in the order `values_of` gives them; everything else is the database's default
CONTENT = [
    "employer_id",
    "employer_flagged",
    "title",
    "description_html",
    "description_text",
    "location_text",
    "city",
    "region",
    "country",
    "lat",
    "lon",
    "more_places",
    "cells",
    "remote",
    "reach",
    "employment_type",
    "seniority",
    "salary_min",
    "salary_max",
    "salary_currency",
    "salary_period",
    "salary_annual_min",
    "salary_annual_max",
    "salary_source",
    "salary_text",
    "salary_confidence",
    "skills",
    "skill_facts",
    "department",
    "occupation",
    "benefits",
    "education",
    "experience_months",
    "apply_url",
    "url",
    "language",
    "posted_at",
    "expires_at",
    "url_key",
    "content_key",
    "content_hash",
]
PATCHED = ", ".join((*CONTENT, "status", "updated_at"))
# a column that a patch does not name keeps what the row has
PATCH = f"""
UPDATE ingestion_job AS j SET ({PATCHED}) = (
    SELECT {PATCHED}
    FROM jsonb_populate_record(j, jsonb_build_object('updated_at', now()) || v.patch)
) FROM jsonb_to_recordset(%s::jsonb) AS v (id bigint, patch jsonb) WHERE j.id = v.id
"""  # noqa: S608 # our own names


def values_of(row: Keys, posting: Posting, employers: dict[str, int]) -> tuple[Any, ...]:
    """Return the columns of `CONTENT` for one posting."""
    pay = posting.salary
    return (
        employers[employer_key(posting.employer)],
        posting.employer_flagged,
        posting.title,
        posting.description_html,
        posting.description_text,
        posting.location_text,
        posting.city,
        posting.region,
        posting.country,
        posting.lat,
        posting.lon,
        [place.to_dict() for place in posting.more_places],
        cells_of((Place(lat=posting.lat, lon=posting.lon), *posting.more_places)),
        posting.remote,
        posting.reach,
        posting.employment_type,
        posting.seniority,
        pay.min_minor if pay else None,
        pay.max_minor if pay else None,
        pay.currency if pay else "",
        pay.period if pay else "",
        pay.annual_min_minor if pay else None,
        pay.annual_max_minor if pay else None,
        pay.source if pay else "",
        pay.text if pay else "",
        pay.confidence if pay else None,
        list(posting.skills),
        [fact.to_dict() for fact in posting.skill_facts],
        posting.department,
        posting.occupation,
        list(posting.benefits),
        posting.education,
        posting.experience_months,
        posting.apply_url,
        posting.url,
        posting.language,
        posting.posted_at,
        posting.expires_at,
        row.url_key,
        row.content_key,
        row.content_hash,
    )


def update_jobs(rows: Sequence[tuple[int, Keys, Posting]]) -> None:
    """Write the new content of changed jobs; an expired one that ends later now is live again."""
    if not rows:
        return
    employers = employers_for(posting for _, _, posting in rows)
    patches = {
        job_id: dict(zip(CONTENT, values_of(row, posting, employers), strict=True))
        for job_id, row, posting in rows
    }
    write_columns(patches)
    back = Job.objects.filter(pk__in=list(patches), status=Job.Status.EXPIRED)
    back.exclude(expires_at__lte=Now()).update(status=Job.Status.LIVE)


def write_columns(patches: Mapping[int, Mapping[str, Any]]) -> None:
    """Write some columns of many jobs, others of each, in one statement; the rest stays.

    `updated_at` becomes now where it is not among them.
    """
    if not patches:
        return
    rows = [{"id": job_id, "patch": patch} for job_id, patch in patches.items()]
    with connection.cursor() as cursor:
        cursor.execute(PATCH, [orjson.dumps(rows).decode()])


@transaction
def close_job(job: Job, *, actor: User | None) -> Job:
    """Close a job to applicants.

    Emits: JobClosed. Raises: JobMoved if it is closed already.
    """
    job.move(Job.Status.CLOSED)
    emit(JobClosed(job_id=job.pk), actor=actor, company=job.company)
    return job


@transaction
def show_on_board(job_id: int, *, visible: bool) -> None:
    """Show a company's job on our own public board, or take it off. Idempotent."""
    Job.objects.filter(pk=job_id).update(on_board=visible)
    if Job.objects.filter(pk=job_id, cluster__isnull=False).exists():
        settle_job(job_id)
