"""What follows for boards when the catalogue moves."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from distribution.actions import changes, fate
from distribution.errors import DistributionMoved
from distribution.models import Attempt, Channel, Distribution
from distribution.reports.content import TOLD, content_for
from distribution.rules import stays
from ingestion.models import Job, JobVersion
from jobly.errors import Deferred
from jobly.runs.actions import transaction
from jobly.runs.actions.claims import clock
from jobly.runs.actions.progress import Progress

AGAIN = timedelta(seconds=30)  # until an exchange under way should have ended


@transaction
def refresh_changed(job_ids: Sequence[int]) -> dict[str, Any]:
    """Have boards take over jobs whose content changed; nobody waits for it. Idempotent.

    Internal jobs are left out: they are being taken down.
    """
    rows = Distribution.objects.filter(job__in=job_ids, status=Distribution.Status.PUBLISHED)
    rows = rows.exclude(~Q(channel__kind=Channel.Kind.INTRANET), job__desk__is_public=False)
    shown = list(rows.select_related("channel", *(f"job__{name}" for name in TOLD)))
    earlier = _closing_dates(job_ids)
    for row in shown:
        fate.follow_end(row, earlier.get(row.job_id, ()))
    changed = [row for row in shown if row.content_hash != content_for(row.job).digest()]
    for row in changed:
        changes.start_change(row, Attempt.Op.UPDATE, actor=None, detached=True)
    return {"changed": len(changed)}


def _closing_dates(job_ids: Sequence[int]) -> dict[int, set[datetime]]:
    """Return the closing dates that each job has had, as its versions know them."""
    dates: dict[int, set[datetime]] = {}
    versions = JobVersion.objects.filter(job__in=job_ids).order_by()
    told = versions.exclude(values__expires_at=None).values_list("job_id", "values__expires_at")
    for job_id, text in told.distinct():
        dates.setdefault(job_id, set()).add(datetime.fromisoformat(text))
    return dates


def take_down(progress: Progress, job_id: int) -> dict[str, Any]:
    """Take a closed or internal job down from every board. Idempotent.

    What is on its way is waited for. Emits: DistributionClosed for what never got to a board.
    Raises: Deferred.
    """
    waiting = closed = 0
    expired = Job.objects.filter(pk=job_id, status=Job.Status.EXPIRED).exists()
    why = stays.ENDED if expired else ""
    rows = Distribution.objects.standing().filter(job_id=job_id)
    # colleagues go on seeing a job that became internal
    shown = Q(channel__kind=Channel.Kind.INTRANET, job__status=Job.Status.LIVE)
    for row in rows.exclude(shown).order_by("id"):
        with progress.transaction():
            try:
                changes.close_distribution(row, actor=progress.run.actor, why=why)
                closed += 1
            except DistributionMoved:
                waiting += 1
    if waiting:
        raise Deferred("A board has not answered yet.", until=clock() + AGAIN)
    return {"closed": closed}
