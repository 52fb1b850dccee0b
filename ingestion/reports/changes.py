"""What has happened to jobs since a place in their order, for who follows the catalogue."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from ingestion.models import Job, JobChange
from jobly.users.rules import Principal

ADDED, CHANGED, REMOVED = "added", "changed", "removed"


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the order of changes: everything up to it is known."""

    xid: int = 0
    job_id: int = 0

    def __str__(self) -> str:
        return f"{self.xid}-{self.job_id}"


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a job as somebody sees it now; `reason` says why it is gone."""

    kind: str
    job_id: int
    at: datetime
    job: Job | None
    reason: str
    place: Place


def changes(principal: Principal, place: Place, limit: int) -> tuple[list[Change], bool]:
    """Return the next changes behind a place, in order, and whether more wait.

    A job comes once, as it is now, so one that changes again comes again later. Whatever a
    transaction under way may still change comes when it has ended; nothing is skipped.
    """
    rows = JobChange.objects.visible_to(principal).settled().behind(place.xid, place.job_id)
    found = list(rows[: limit + 1])
    shown = found[:limit]
    ids = [row.job_id for row in shown]
    jobs = {
        job.pk: job for job in Job.objects.visible_to(principal).with_sources().filter(pk__in=ids)
    }
    return list(_told(principal, place, shown, jobs)), len(found) > limit


def _told(
    principal: Principal, place: Place, rows: list[JobChange], jobs: dict[int, Job]
) -> Iterator[Change]:
    for row in rows:
        here = Place(row.xid, row.job_id)
        job = jobs.get(row.job_id)
        if job is None or job.status != Job.Status.LIVE:
            reason = job.status if job else "deleted" if row.deleted else "not_visible"
            yield Change(REMOVED, row.job_id, row.at, None, reason, here)
            continue
        own = principal.is_staff or row.company_id in principal.company_ids
        since = row.added_xid if own else row.public_xid or 0
        kind = ADDED if since > place.xid else CHANGED
        yield Change(kind, row.job_id, row.at, job, "", here)
