"""End jobs whose closing date has passed, however they came in; age alone ends none."""

from typing import Any, Final
from uuid import UUID

from django.db.models.functions import Now

from ingestion.events import JobClosed
from ingestion.models import Job, JobVersion
from jobly.runs.actions import emit
from jobly.runs.actions.claims import clock
from jobly.runs.actions.crash import crashpoint
from jobly.runs.actions.progress import Progress
from jobly.users.models import Company

from .versions import Note, noting

BATCH: Final = 500  # jobs a transaction
WHY: Final = "Its closing date has passed"


def expire_jobs(progress: Progress) -> dict[str, Any]:
    """Set live jobs expired that nobody can apply to any more; running twice changes nothing.

    Emits: JobClosed for each of a company's own jobs, which are on boards. Another job of a public
    one's cluster is shown by `settle_stale`.
    """
    progress.tell(step="Looking for closing dates that have passed")
    expired = progress.position.done
    while count := _expire_some(progress):
        expired += count
        progress.tell(done=expired)
    return {"expired": expired}


def _expire_some(progress: Progress) -> int:
    with progress.transaction():
        due = Job.objects.filter(status=Job.Status.LIVE, expires_at__lte=clock())
        due = due.order_by("expires_at").select_for_update(no_key=True, skip_locked=True)
        companies: dict[int, UUID | None] = dict(due.values_list("pk", "company_id")[:BATCH])
        own = {pk: company for pk, company in companies.items() if company is not None}
        with noting(own, Note(JobVersion.How.STATUS, None, WHY)):
            rows = Job.objects.filter(pk__in=list(companies))
            rows.update(status=Job.Status.EXPIRED, updated_at=Now())
        whose = Company.objects.in_bulk(set(own.values()))
        for pk, company in own.items():
            emit(JobClosed(job_id=pk), company=whose[company])
        progress.keep(done=progress.position.done + len(companies))
        crashpoint("ingestion.mid_expire")
    return len(companies)
