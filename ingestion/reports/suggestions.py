"""Reads about suggestions: what a look needs to know, what it may cost, what waits for a person."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Avg, Count, F, Q, QuerySet
from django.db.models.functions import Least, Length

from ingestion.models import Enrichment, Job, ProcessedJob, Suggestion, Upload
from ingestion.rules import display
from ingestion.rules.enrichment import prompts
from ingestion.rules.enrichment.views import MAX_TEXT, JobView
from ingestion.rules.places_data import CURRENCIES
from jobly import ai
from jobly.users.models import Company, User
from jobly.users.reports import Spending, spending

BYTES_A_TOKEN = 4  # of English text, about; what is reserved reckons with one
ANSWER_TOKENS = 350  # about
WORDS = {
    "title": "Title",
    "summary": "Summary",
    "seniority": "Level",
    "employment_type": "Employment",
    "remote": "Workplace",
    "location": "Place",
    "salary": "Pay",
    "skills": "Skills",
    "more_skills": "More skills",
}


def server_for(company: Company) -> ai.Server | None:
    """Return the model server that may be told of a company's jobs; None = our own rules look."""
    return ai.configured_server() if company.outside_model else None


def names_of(company: Company) -> list[str]:
    """Return names and addresses of a company's people, which no provider is told."""
    people = User.objects.filter(memberships__company=company).values_list("name", "email")
    return [text for pair in people for text in pair if text]


def view_of(job: Job) -> JobView:
    """Return what is looked at of a job."""
    return JobView(
        title=job.title,
        text=job.description_text,
        place=job.location_text,
        city=job.city,
        region=job.region,
        country=job.country,
        remote=job.remote,
        employment_type=job.employment_type,
        seniority=job.seniority,
        skills=tuple(job.skills),
        summary=job.summary,
        has_salary=job.salary_min is not None or job.salary_max is not None,
        currency=CURRENCIES.get(job.country, ""),
    )


@dataclass(frozen=True, slots=True)
class Estimate:
    """What looking at some jobs will about cost; `dollars` None where no prices are set."""

    jobs: int
    tokens: int
    dollars: float | None
    spending: Spending

    @property
    def is_enough(self) -> bool:
        """Whether what is left of the month will about do."""
        return self.tokens <= self.spending.left


def estimate(company: Company, jobs: QuerySet[Job]) -> Estimate:
    """Say what asking the model about these jobs will about use, before anything is asked."""
    text = Least(Length("description_text"), MAX_TEXT)
    sums = jobs.aggregate(n=Count("pk"), mean=Avg(text + Length("title") + Length("location_text")))
    frame = (len(prompts.SYSTEM) + len(str(prompts.SCHEMA))) / BYTES_A_TOKEN
    told = int(sums["n"] * (frame + (sums["mean"] or 0) / BYTES_A_TOKEN))
    answered = sums["n"] * ANSWER_TOKENS
    return Estimate(sums["n"], told + answered, dollars(told, answered), spending(company))


def dollars(tokens_in: int, tokens_out: int) -> float | None:
    """Return what tokens cost at the prices that are set; None where none are."""
    if not settings.OPENAI_PRICES:
        return None
    price_in, price_out = settings.OPENAI_PRICES
    return float(tokens_in * price_in + tokens_out * price_out) / 1_000_000


def jobs_of_upload(upload: Upload) -> QuerySet[Job]:
    """Return the jobs that a recruiter's file made, changed or named again."""
    rows = ProcessedJob.objects.filter(
        processing__collection=upload.collection_id, job_id__isnull=False
    )
    return Job.objects.filter(company=upload.company_id, pk__in=rows.values("job_id"))


@dataclass(frozen=True, slots=True)
class Counts:
    """Suggestions for some jobs that wait for a person, and the safe ones of them."""

    open: int
    safe: int
    looked: int


def waiting(jobs: QuerySet[Job]) -> Counts:
    """Count what waits for a person's word, and how many jobs were looked at."""
    rows = Suggestion.objects.open().filter(job__in=jobs.values("pk"))
    sums = rows.aggregate(n=Count("pk"), safe=Count("pk", filter=Q(is_safe=True)))
    looks = Enrichment.objects.filter(job__in=jobs.values("pk"))
    looked = looks.aggregate(n=Count("job", distinct=True))["n"]
    return Counts(sums["n"], sums["safe"], looked)


@dataclass(frozen=True, slots=True)
class Shown:
    """One suggestion as a page shows it: what stands there now, and what would."""

    suggestion: Suggestion
    name: str
    now: str
    then: str
    is_addition: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One job with its last look and what waits for a word."""

    job: Job
    look: Enrichment | None
    suggestions: list[Shown]
    decided: int


def rows_of(jobs: Iterable[Job]) -> list[Row]:
    """Return jobs with what was suggested for them, in three queries."""
    some = list(jobs)
    looks: dict[int, Enrichment] = {}
    latest = Enrichment.objects.filter(job__in=some).order_by("job_id", "-pk").distinct("job_id")
    looks = {look.job_id: look for look in latest}
    found: dict[int, list[Shown]] = {job.pk: [] for job in some}
    for one in Suggestion.objects.open().filter(job__in=some).order_by("pk"):
        found[one.job_id].append(as_shown(one))
    ends = (Suggestion.Status.ACCEPTED, Suggestion.Status.REJECTED)
    decided = dict(
        Suggestion.objects.filter(job__in=some, status__in=ends)
        .order_by()
        .values_list("job_id")
        .annotate(n=Count(F("pk")))
    )
    return [Row(job, looks.get(job.pk), found[job.pk], decided.get(job.pk, 0)) for job in some]


def as_shown(one: Suggestion) -> Shown:
    """Put a suggestion into people's words."""
    adds = "skills" in one.value
    then = ", ".join(one.value["skills"]) if adds else _words(one.field, one.value)
    now = ", ".join(one.original["skills"]) if adds else _words(one.field, one.original)
    return Shown(one, WORDS.get(one.field, one.field), now, then, adds)


def _words(field: str, columns: dict[str, Any]) -> str:
    """Say what columns hold as one line."""
    if field == "salary":
        low, high = columns["salary_min"], columns["salary_max"]
        return display.pay(low, high, columns["salary_currency"], columns["salary_period"])
    if field == "location":
        return ", ".join(filter(None, (columns[name] for name in ("city", "region", "country"))))
    value = str(next(iter(columns.values())) or "")
    known: dict[str, dict[str, str]] = {
        "seniority": display.SENIORITIES,
        "employment_type": display.EMPLOYMENT_TYPES,
        "remote": display.REMOTE,
    }
    return known.get(field, {}).get(value, value)
