"""Reads over several tables: what is planned, what a board would be sent, how an upload does."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import Now
from django.utils import timezone

from ingestion.models import Job, ProcessedJob, Upload
from jobly import limits
from jobly.runs.models import Run
from jobly.users.models import Company

from .models import Attempt, Channel, Distribution
from .rules import lint, payloads, states
from .rules.content import Content, content_of

PLAN_BATCH = 500  # jobs read at once
TOLD = ("employer", "source", "desk")  # what boards are told of a job stands there too
SECRET_NAME = re.compile(r"secret|token|password|api.?key|authorization|cookie", re.IGNORECASE)
ASKED = {
    "create": "Send the job",
    "update": "Send what changed",
    "renew": "Keep it longer",
    "close": "Take it down",
    "lookup": "Look for it",
    "poll": "Ask how it stands",
}
NAMED_AT_MOST = 10  # jobs that a channel would refuse, named on the page that asks


@dataclass(frozen=True, slots=True)
class Step:
    """What a plan wants for one job on one channel, and why."""

    job: int
    channel: str
    action: str
    reason: str
    distribution: UUID | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON shape of commands and API."""
        known = str(self.distribution) if self.distribution else None
        return {**asdict(self), "distribution": known}


def site_url() -> str:
    """Return the origin that boards are told: PUBLIC_URL, else this instance's own."""
    own = settings.INSTANCE.get("url") or f"http://127.0.0.1:{settings.PORT}"
    return str(settings.PUBLIC_URL or own).rstrip("/")


def content_for(job: Job) -> Content:
    """Read what boards are told of a job whose employer, source and desk are loaded."""
    return content_of(job, page_url=site_url() + job.path)


def jobs_of(
    company: Company, *, upload_id: UUID | None = None, job_ids: Sequence[int] = ()
) -> QuerySet[Job]:
    """Return a company's jobs: those of an upload, those named, or all."""
    rows = Job.objects.filter(company=company).select_related(*TOLD).order_by("id")
    if upload_id is not None:
        upload = Upload.objects.filter(pk=upload_id, company=company).first()
        collection_id = upload.collection_id if upload else None
        items = ProcessedJob.objects.filter(processing__collection_id=collection_id)
        rows = rows.filter(pk__in=items.exclude(job_id=None).values("job_id"))
    return rows.filter(pk__in=job_ids) if job_ids else rows


def plan(jobs: QuerySet[Job], channels: Sequence[Channel]) -> Iterator[Step]:
    """Compare what each channel should hold of each job with what it holds, job by job."""
    ids = list(jobs.values_list("pk", flat=True))
    for start in range(0, len(ids), PLAN_BATCH):
        some = Job.objects.filter(pk__in=ids[start : start + PLAN_BATCH])
        rows = list(some.select_related(*TOLD).order_by("id"))
        yield from _plan_batch(rows, channels)


def _plan_batch(jobs: Sequence[Job], channels: Sequence[Channel]) -> Iterator[Step]:
    standing = {
        (row.job_id, row.channel_id): row
        for row in Distribution.objects.standing().filter(job__in=jobs, channel__in=channels)
    }
    on_the_way = [
        row.run_id
        for row in standing.values()
        if row.run_id is not None and row.status in states.ON_THE_WAY
    ]
    working = set(Run.objects.unfinished().filter(pk__in=on_the_way).values_list("pk", flat=True))
    for job in jobs:
        content = content_for(job)
        wanted = content.digest()
        for channel in channels:
            row = standing.get((job.pk, channel.pk))
            why = lint.withheld(channel.board, content)
            decision = states.decide(
                job_is_live=job.status == Job.Status.LIVE and not why,
                status=row.status if row else None,
                sent=row.content_hash if row else "",
                wanted=wanted,
                stopped=row is not None
                and row.status in states.ON_THE_WAY
                and row.run_id not in working,
            )
            known = row.pk if row else None
            yield Step(job.pk, channel.slug, decision.action, why or decision.reason, known)


def preview(job: Job, channel: Channel, *, now: datetime) -> dict[str, Any]:
    """Return the exact payload a board would be sent, and what it would object to."""
    content = content_for(job)
    findings = lint.lint(channel.board, content, channel.all_options)
    row = Distribution.objects.standing().filter(job=job, channel=channel).first()
    external_id = row.external_id if row else "jobly-" + "0" * 32
    naming = payloads.Naming("create", external_id, now)
    payload = payloads.payload(channel.board, content, channel.all_options, naming=naming)
    return {
        "payload": payload,
        "lint": [finding.to_dict() for finding in findings],
        "publishable": lint.publishable(findings),
    }


def totals(rows: QuerySet[Distribution]) -> dict[str, Any]:
    """Add up distributions by channel and status, and what their boards counted (S1.22)."""
    by_channel: Counter[str] = Counter()
    by_status: Counter[str] = Counter()
    groups = rows.order_by().values_list("channel__slug", "status").annotate(n=Count("pk"))
    for slug, status, count in groups:
        by_channel[slug] += count
        by_status[status] += count
    sums = rows.aggregate(
        total_views=Sum("views_count", default=0),
        total_applications=Sum("applications_count", default=0),
        total_clicks=Sum("clicks_count", default=0),
    )
    return {
        "total_distributions": by_status.total(),
        "by_channel": dict(by_channel),
        "by_status": dict(by_status),
        **sums,
    }


def to_retry(
    statuses: Sequence[str],
    *,
    company: Company | None,
    channel: str = "",
    since: timedelta | None = None,
) -> QuerySet[Distribution]:
    """Return distributions that ended badly: of a company, on a channel, lately; oldest first."""
    rows = Distribution.objects.filter(status__in=statuses).order_by("id")
    if company is not None:
        rows = rows.filter(company=company)
    if channel:
        rows = rows.filter(channel__slug=channel)
    return rows.filter(updated_at__gte=Now() - since) if since is not None else rows


@dataclass(frozen=True, slots=True)
class Blocked:
    """A job that a channel would refuse, and why."""

    job: int
    title: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Readiness:
    """What a channel would make of some jobs: counts, and the first ones it would refuse.

    `ready` go out as they are, `changes` are there and would be updated or taken down, `standing`
    are there or on the way, `stuck` ended badly and wait for a person.
    """

    channel: Channel
    ready: int
    changes: int
    standing: int
    stuck: int
    not_live: int
    warned: int
    refused: int
    blocked: tuple[Blocked, ...]

    @property
    def would_send(self) -> bool:
        """Whether publishing now would send anything."""
        return bool(self.ready or self.changes)


def readiness(jobs: Sequence[Job], channels: Sequence[Channel]) -> list[Readiness]:
    """Say of each channel how many of the jobs it would take; their employers are loaded."""
    bad = Distribution.objects.filter(job__in=jobs, channel__in=channels)
    stuck = set(bad.filter(status__in=states.BAD_ENDS).values_list("job_id", "channel__slug"))
    steps: dict[str, list[Step]] = {channel.slug: [] for channel in channels}
    for step in _plan_batch(jobs, channels):
        steps[step.channel].append(step)
    contents = {job.pk: (job, content_for(job)) for job in jobs}
    return [_readiness(channel, steps[channel.slug], contents, stuck) for channel in channels]


def _readiness(
    channel: Channel,
    steps: Sequence[Step],
    contents: dict[int, tuple[Job, Content]],
    stuck: set[tuple[int, str]],
) -> Readiness:
    """Check the jobs that would be sent against the channel's rules, and count the others."""
    counts: Counter[str] = Counter()
    blocked: list[Blocked] = []
    for step in steps:
        job, content = contents[step.job]
        is_kept = job.status == Job.Status.LIVE and lint.withheld(channel.board, content)
        if step.action != "create" and not (step.action == "none" and is_kept):
            counts[_waits(step, job, stuck)] += 1
            continue
        findings = lint.lint(channel.board, content, channel.all_options)
        wrong = lint.errors(findings)
        counts["refused" if wrong else "ready"] += 1
        counts["warned"] += bool(findings and not wrong)
        if wrong and len(blocked) < NAMED_AT_MOST:
            blocked.append(Blocked(job.pk, job.title, tuple(f.message for f in wrong)))
    names = ("ready", "changes", "standing", "stuck", "not_live", "warned", "refused")
    return Readiness(channel, **{name: counts[name] for name in names}, blocked=tuple(blocked))


def _waits(step: Step, job: Job, stuck: set[tuple[int, str]]) -> str:
    """Name the count of a job that is not to be made on a channel."""
    if step.action != "none":
        return "changes"
    if (step.job, step.channel) in stuck:
        return "stuck"
    return "standing" if job.status == Job.Status.LIVE else "not_live"


def troubles(channel: Channel) -> list[str]:
    """Say what keeps a channel from publishing, in few words; nothing when it is well."""
    found: list[str] = []
    if not channel.enabled:
        return found
    breaker = limits.breaker_state(channel.breaker_key)
    if breaker.state != "closed":
        found.append("does not answer; it is tried again by itself")
    if channel.parked_until is not None and channel.parked_until > timezone.now():
        found.append(f"asked for a pause until {channel.parked_until:%H:%M} UTC")
    if not channel.is_internal and not channel.credentials:
        found.append("has no credentials")
    return found


@dataclass(frozen=True, slots=True)
class Exchange:
    """One line of a distribution's timeline: the attempt, and both messages as text."""

    attempt: Attempt
    name: str
    sent: str
    answer: str


def timeline(distribution: Distribution) -> list[Exchange]:
    """Return every exchange with the board, oldest first, without anything that is a secret."""
    rows = distribution.attempts.order_by("number")
    return [Exchange(row, ASKED[row.op], _told(row.request), _told(row.response)) for row in rows]


def _told(message: Any) -> str:
    """Lay a message out as text; empty when there is none."""
    return json.dumps(veiled(message), indent=2, ensure_ascii=False) if message else ""


def veiled(value: Any) -> Any:
    """Hide what has the name of a secret, however deep it lies."""
    if isinstance(value, dict):
        return {
            name: "•••" if SECRET_NAME.search(str(name)) else veiled(inner)
            for name, inner in value.items()
        }
    return [veiled(inner) for inner in value] if isinstance(value, list) else value
