"""Open jobs of one company with the same title in places close to each other."""

from collections import defaultdict
from collections.abc import Sequence

from ingestion.models import Job
from ingestion.rules.geo import distance

NEAR_KM = 50.0


def twins_of(jobs: Sequence[Job]) -> dict[int, tuple[str, ...]]:
    """Return by job the places of others with its title nearby; jobs without any are left out.

    One query, whatever the number of jobs.
    """
    live = Job.objects.filter(
        company__in={job.company_id for job in jobs},
        title__in={job.title for job in jobs},
        status=Job.Status.LIVE,
    )
    same: dict[tuple[object, str], list[Job]] = defaultdict(list)
    for row in live.only("company", "title", "city", "location_text", "lat", "lon"):
        same[row.company_id, row.title].append(row)
    found = {}
    for job in jobs:
        others = [row for row in same[job.company_id, job.title] if row.pk != job.pk]
        near = {_name(row) for row in others if _is_near(job, row)}
        if near:
            found[job.pk] = tuple(sorted(near))
    return found


def _is_near(one: Job, other: Job) -> bool:
    """Whether two jobs are near each other but not in the same place: copies are another rule's."""
    if None in (one.lat, one.lon, other.lat, other.lon) or one.city == other.city:
        return False
    here, there = (one.lat or 0.0, one.lon or 0.0), (other.lat or 0.0, other.lon or 0.0)
    return distance(here, there) <= NEAR_KM


def _name(job: Job) -> str:
    return job.city or job.location_text
