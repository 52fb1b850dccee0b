"""Look at a company's jobs for better values of their fields, by a model or by our own rules."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Q, Sum

from ingestion.errors import NothingToEnrich
from ingestion.models import Enrichment, Job, Suggestion
from ingestion.reports.suggestions import names_of, server_for, view_of
from ingestion.rules.enrichment import offline, prompts
from ingestion.rules.enrichment.grounds import proposals
from ingestion.rules.enrichment.views import JobView, Shown, shown
from jobly import ai
from jobly.errors import AuthExpired, JoblyError, Unavailable
from jobly.runs.actions import start, transaction
from jobly.runs.actions.crash import crashpoint
from jobly.runs.actions.progress import Progress
from jobly.runs.models import Run
from jobly.users.actions import reserve_tokens, settle_tokens
from jobly.users.models import Company, ModelSpend, User

KIND = "ingestion.enrich"
PURPOSE = "suggestions"
MOST_JOBS = 5_000  # of one run
BATCH = 50  # jobs fetched at a time
PATIENCE = timedelta(minutes=5)  # the longest rest a server may ask for
USED_UP = "The company's tokens of this month are used up."
PROMPT = ai.Prompt(
    name=prompts.NAME,
    version=prompts.VERSION,
    system=prompts.SYSTEM,
    schema=prompts.SCHEMA,
    max_tokens=prompts.MAX_ANSWER_TOKENS,
)


@transaction
def start_enrichment(company: Company, job_ids: list[int], *, actor: User | None) -> Run:
    """Start to look at these jobs of a company; the same while it is under way is the same run.

    Emits: job.created. Raises: NothingToEnrich when they are none or too many.
    """
    mine = Job.objects.filter(pk__in=job_ids, company=company).order_by("pk")
    known = list(mine.values_list("pk", flat=True)[: MOST_JOBS + 1])
    if not known:
        raise NothingToEnrich("There are no jobs of this company to look at; nothing was started.")
    if len(known) > MOST_JOBS:
        raise NothingToEnrich(
            f"At most {MOST_JOBS:,} jobs at a time; nothing was started. Choose fewer."
        )
    args = {"company_id": str(company.pk), "job_ids": known}
    going = Run.objects.unfinished().filter(kind=KIND, company=company, args=args).first()
    return going or start(KIND, args, actor=actor, company=company)


@dataclass(frozen=True, slots=True)
class Found:
    """What a provider said of one job, and who it was."""

    values: dict[str, Any]
    shown: Shown
    reference: str
    provider: str = Enrichment.OFFLINE
    model: str = offline.MODEL
    version: str = offline.VERSION
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Bill:
    """What a call was given to use, and what it used; `used` None = nobody said."""

    spend: ModelSpend
    reserved: int
    used: tuple[int, int] | None


@dataclass
class Looking:
    """One run over many jobs: whom it asks, whom it must not tell of, and why it asks no more."""

    progress: Progress
    company: Company
    server: ai.Server | None
    names: list[str]
    stopped: str = ""


def enrich(progress: Progress, company_id: str, job_ids: list[int]) -> dict[str, Any]:
    """Look at each job once and write down what has grounds; a job looked at is not asked again.

    Without a model, without leave, without tokens or without an answer our own rules look, and the
    row says so: such a run ends well. Raises: Unavailable when the server asks for a short rest.
    """
    company = Company.objects.get(pk=company_id)
    looking = Looking(progress, company, server_for(company), names_of(company))
    looks = Enrichment.objects.filter(run_id=progress.run.pk)
    done = set(looks.values_list("job_id", flat=True))
    gone = 0
    progress.tell(step="Looking at the jobs", total=len(job_ids), done=len(done))
    for job_id, job in _jobs([pk for pk in job_ids if pk not in done], company):
        progress.checkpoint()
        if job is None:
            gone += 1
        else:
            _look(looking, job)
            done.add(job_id)
        progress.tell(done=len(done), skipped=gone)
    return _result(progress.run, looking.stopped)


def _jobs(job_ids: list[int], company: Company) -> Iterator[tuple[int, Job | None]]:
    """Yield each job as it is now; None where it is gone."""
    for first in range(0, len(job_ids), BATCH):
        some = job_ids[first : first + BATCH]
        rows = Job.objects.filter(company=company).in_bulk(some)
        yield from ((pk, rows.get(pk)) for pk in some)


def _look(looking: Looking, job: Job) -> None:
    """Look at one job, and write down what was found and what it cost in one transaction."""
    view = view_of(job)
    found, bill, fell_back = _ask(looking, view)
    found = found or _offline(view)
    with looking.progress.transaction():
        tokens = settle_tokens(bill.spend, bill.reserved, bill.used) if bill else 0
        look = Enrichment(
            job=job,
            run_id=looking.progress.run.pk,
            provider=found.provider,
            model=found.model[:100],
            prompt_version=found.version,
            request_id=found.request_id,
            fell_back=fell_back[:300],
            basis=view.basis,
            tokens=tokens,
        )
        _keep(look, view, found)


def _offline(view: JobView) -> Found:
    """Return what our own rules find; nothing leaves the process, so they see the whole text."""
    whole = Shown(view.title, view.place, view.text[: offline.MAX_READ])
    return Found(offline.answer(view), whole, "")


def _ask(looking: Looking, view: JobView) -> tuple[Found | None, Bill | None, str]:
    """Ask the model about one job; without an answer, say why our own rules stand in."""
    server = looking.server
    if server is None or looking.stopped:
        return None, None, looking.stopped
    reference = secrets.token_hex(8)
    told = shown(view, looking.names)
    data = prompts.message(told, reference)
    most = ai.tokens_at_most(PROMPT, data)
    with looking.progress.transaction():  # before the call, so that no death of ours hides a cost
        spend = reserve_tokens(looking.company, PURPOSE, most)
    if spend is None:
        looking.stopped = USED_UP
        return None, None, USED_UP
    looking.progress.hold(timedelta(seconds=server.timeout))
    model = settings.OPENAI_MODEL
    crashpoint("ingestion.before_model")
    reply = ai.ask(server, model, PROMPT, data)
    crashpoint("ingestion.after_model")
    used = (reply.usage.tokens_in, reply.usage.tokens_out) if reply.usage else None
    bill = Bill(spend, most, used)
    if reply.problem is not None:
        return None, bill, _without(looking, reply.problem, bill)
    found = Found(
        reply.values, told, reference, server.host, model, prompts.VERSION, reply.request_id
    )
    return found, bill, ""


def _without(looking: Looking, problem: JoblyError, bill: Bill) -> str:
    """Say why there is no answer; stop asking where the next one would fare no better.

    Raises: Unavailable when the server names a short rest and this run may be tried again.
    """
    run = looking.progress.run
    rest = problem.retry_after if isinstance(problem, Unavailable) else None
    if rest is not None and rest <= PATIENCE and run.attempt < run.max_attempts:
        with looking.progress.transaction():
            settle_tokens(bill.spend, bill.reserved, bill.used)
        raise problem
    if isinstance(problem, AuthExpired):
        looking.stopped = problem.message
    return problem.message


def _keep(look: Enrichment, view: JobView, found: Found) -> None:
    """Write one look and its suggestions in place of those that nobody decided on."""
    chosen, look.dropped = proposals(view, found.shown, found.values, found.reference)
    # one look at a time of a job: two runs must not both replace what is open
    job = Job.objects.select_for_update(no_key=True, of=("self",)).get(pk=look.job_id)
    Suggestion.objects.open().filter(job=job).update(status=Suggestion.Status.SUPERSEDED)
    look.save(force_insert=True)
    turned_down = Suggestion.objects.filter(job=job, status=Suggestion.Status.REJECTED)
    no = list(turned_down.values_list("field", "value"))
    Suggestion.objects.bulk_create(
        Suggestion(
            enrichment=look,
            job=job,
            field=one.field,
            original=one.original,
            value=one.value,
            evidence=one.evidence,
            confidence=one.confidence,
            is_safe=one.is_safe,
        )
        for one in chosen
        if (one.field, one.value) not in no
    )


def _result(run: Run, stopped: str) -> dict[str, Any]:
    """Count what a run did, over all its tries."""
    looks = Enrichment.objects.filter(run_id=run.pk)
    sums = looks.aggregate(
        rows=Count("pk"),
        basic=Count("pk", filter=Q(provider=Enrichment.OFFLINE)),
        tokens=Sum("tokens", default=0),
        dropped=Sum("dropped", default=0),
    )
    open_ones = Suggestion.objects.filter(enrichment__run_id=run.pk)
    found = open_ones.aggregate(suggestions=Count("pk"), safe=Count("pk", filter=Q(is_safe=True)))
    return {**sums, **found, "stopped": stopped}
