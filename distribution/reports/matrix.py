"""Jobs against boards: where each stands and why, a page at a time, in a few queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet

from distribution.errors import NotDistributable
from distribution.models import Channel, Distribution
from distribution.rules import states
from distribution.rules.proof import Facts
from distribution.rules.selection import Wanted
from distribution.rules.why.telling import why
from distribution.rules.why.words import Why
from ingestion.models import Job, Upload
from jobly.runs.models import Run
from jobly.users.models import Company
from jobly.users.rules import Principal

from .content import TOLD
from .planning import jobs_of
from .proof import facts_of

PAGE = 50  # jobs
MOST_BOARDS = 12  # columns
TRIED = sorted(states.MAY_RETRY)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a filter means for one person: whose jobs, which of them, on which boards."""

    wanted: Wanted
    company: Company
    jobs: QuerySet[Job]
    channels: list[Channel]
    run: Run | None = None
    upload: Upload | None = None

    @property
    def columns(self) -> list[Channel]:
        """The boards a page has room for."""
        return self.channels[:MOST_BOARDS]

    def rows(self) -> QuerySet[Distribution]:
        """Return the publications that stand there, narrowed by status and code."""
        rows = Distribution.objects.standing().filter(
            company=self.company, channel__in=self.channels
        )
        if self.wanted.status:
            rows = rows.filter(status__in=self.wanted.status)
        if self.wanted.code:
            rows = rows.filter(error_code=self.wanted.code)
        is_all = not (self.run or self.upload or self.wanted.job or self.wanted.q)
        return rows if is_all else rows.filter(job__in=self.jobs.order_by().values("pk"))


@dataclass(frozen=True, slots=True)
class Cell:
    """A job on a board: the status or empty, the sentence, and the publication if there is one."""

    channel: Channel
    status: str
    why: Why
    distribution: UUID | None


@dataclass(frozen=True, slots=True)
class Line:
    """A job with its cells, in the order of the boards."""

    job: Job
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Matrix:
    """One page of a matrix."""

    lines: list[Line]
    total: int
    page: int
    pages: int


def scope_of(wanted: Wanted, principal: Principal) -> Scope:
    """Say what a filter means for somebody. Raises: NotDistributable for what they may not see."""
    run = _one(Run.objects.visible_to(principal), wanted.run)
    upload = _one(Upload.objects.visible_to(principal), wanted.upload)
    if (wanted.run and run is None) or (wanted.upload and upload is None):
        raise NotDistributable("There is no such work or file.")
    wish = dict(run.args.get("wish") or {}) if run is not None else {}
    company = _company(wanted, principal, run or upload)
    upload_id = upload.pk if upload is not None else wish.get("upload_id")
    numbers = wanted.job or wish.get("job_ids") or ()
    jobs = jobs_of(company, upload_id=upload_id, job_ids=numbers)
    if not (numbers or upload_id or wish):
        jobs = jobs.exclude(status__in=[Job.Status.DRAFT, Job.Status.REMOVED])
    if wanted.q:
        jobs = jobs.filter(Q(title__icontains=wanted.q) | Q(reference__iexact=wanted.q))
    channels = Channel.objects.filter(company=company).order_by("slug")
    chosen = wanted.channel or tuple(wish.get("channels") or ())
    if chosen:
        named = Q()
        for one in chosen:
            named |= _named(one)
        channels = channels.filter(named)
    scope = Scope(wanted, company, jobs, list(channels), run, upload)
    if wanted.status or wanted.code:
        return Scope(
            wanted,
            company,
            jobs.filter(pk__in=scope.rows().order_by().values("job")),
            scope.channels,
            run,
            upload,
        )
    return scope


def _one(rows: Any, key: str) -> Any:
    try:
        return rows.filter(pk=UUID(key)).first() if key else None
    except ValueError:
        return None


def _named(word: str) -> Q:
    """Return the condition that a row has this id or this slug."""
    try:
        return Q(pk=UUID(word))
    except ValueError:
        return Q(slug=word)


def _company(wanted: Wanted, principal: Principal, owner: Any) -> Company:
    """Return whose jobs are meant: named, that of the run or the file, else the first they see."""
    rows = Company.objects.order_by("name")
    if not principal.is_staff:
        rows = rows.filter(pk__in=principal.company_ids)
    if owner is not None:
        rows = rows.filter(pk=owner.company_id)
    elif wanted.job:
        rows = rows.filter(pk__in=Job.objects.filter(pk__in=wanted.job).values("company"))
    elif wanted.company:
        rows = rows.filter(_named(wanted.company))
    else:
        with_boards = Channel.objects.order_by().values("company")
        rows = rows.filter(pk__in=with_boards) if rows.filter(pk__in=with_boards).exists() else rows
    found = rows.first()
    if found is None:
        raise NotDistributable("There is no such company of yours.")
    return found


def matrix(scope: Scope, page: int = 1) -> Matrix:
    """Return one page of jobs with what each board makes of them, newest jobs first."""
    total = scope.jobs.count()
    pages = max(1, -(-total // PAGE))
    number = min(max(1, page), pages)
    first = (number - 1) * PAGE
    listed = scope.jobs.order_by("-id").select_related(*TOLD)
    jobs = list(listed[first : first + PAGE])
    facts = facts_of(jobs, scope.columns)
    return Matrix([_line(job, scope.columns, facts) for job in jobs], total, number, pages)


def _line(job: Job, channels: Sequence[Channel], facts: dict[Any, Facts]) -> Line:
    return Line(job, [_cell(channel, facts[job.pk, channel.pk]) for channel in channels])


def _cell(channel: Channel, facts: Facts) -> Cell:
    row = facts.row
    key = UUID(row.id) if row is not None else None
    return Cell(channel, row.status if row is not None else "", why(facts), key)


def standing_counts(scope: Scope) -> dict[str, int]:
    """Count a scope's publications by status, in the order of their life."""
    groups = scope.rows().order_by().values_list("status").annotate(n=Count("pk"))
    found = dict(groups)
    return {status: found[status] for status in states.MOVES if status in found}


def retryable(scope: Scope, until: datetime) -> QuerySet[Distribution]:
    """Return the publications of a scope that ended badly by a moment and may be retried."""
    rows = scope.rows().filter(status__in=TRIED, updated_at__lte=until)
    return rows.filter(retry_count__lt=F("max_retries"))
