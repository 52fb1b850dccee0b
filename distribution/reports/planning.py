"""What a plan wants: desired against actual, and what one board would be sent."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from distribution.models import Channel, Distribution
from distribution.rules import lint, states
from distribution.rules.approvals import WAITS
from ingestion.models import Job, ProcessedJob, Upload
from jobly.runs.models import Run
from jobly.users.models import Company

from .content import TOLD, content_for

PLAN_BATCH = 500  # jobs read at once


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
        yield from steps_of(rows, channels)


def steps_of(jobs: Sequence[Job], channels: Sequence[Channel]) -> Iterator[Step]:
    """Yield what a plan wants for jobs whose `TOLD` rows are loaded."""
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
                and row.error_code != WAITS
                and row.status in states.ON_THE_WAY
                and row.run_id not in working,
            )
            known = row.pk if row else None
            waits = row.error if row and row.error_code == WAITS else ""
            told = why or waits or decision.reason
            yield Step(job.pk, channel.slug, decision.action, told, known)
