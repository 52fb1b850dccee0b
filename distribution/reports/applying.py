"""What the pages of applicants show: where one applies for a job, and on which terms."""

from dataclasses import dataclass

from distribution.models import ApplicationTerms, Question
from distribution.models.questions import IDLE_DAYS, KEEP_DAYS
from ingestion.models import Job
from ingestion.rules.display import outward


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a company keeps what it gets, and where it says what it does with it."""

    keep_days: int
    idle_days: int
    privacy_url: str


def elsewhere(job: Job) -> str:
    """Return the address at which one applies instead of here; "" = here, if at all."""
    return outward(job.apply_url) or outward(job.url)


def terms_of(job: Job) -> Terms:
    """Return the terms of the job's company."""
    row = ApplicationTerms.objects.filter(company=job.company_id).first()
    if row is None:
        return Terms(KEEP_DAYS, IDLE_DAYS, "")
    return Terms(row.keep_days, row.idle_days, outward(row.privacy_url))


def questions_of(job: Job) -> list[Question]:
    """Return what the job asks, in its order."""
    return list(Question.objects.filter(job=job))
