"""The history of a company's job: its versions, and what lies between two of them."""

from dataclasses import dataclass
from typing import Any

from ingestion.models import Job, JobVersion
from ingestion.rules.versions import Difference, differences, shown_names
from jobly.users.models import User

MOST = 200  # versions listed


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a history: the version without its values, and what it changed in words."""

    version: JobVersion
    changed: list[str]


def history(job: Job) -> list[Line]:
    """Return the versions of a job, newest first, without their values. One query."""
    rows = JobVersion.objects.filter(job=job).newest_first().defer("values")[:MOST]
    return [Line(row, shown_names(row.changed)) for row in rows]


def compared(job: Job, first: int, second: int) -> list[Difference] | None:
    """Return what differs between two versions, the older first; None where one is missing."""
    low, high = sorted((first, second))
    rows = {v.number: v for v in JobVersion.objects.filter(job=job, number__in=(low, high))}
    if len(rows) < len({low, high}):
        return None
    before, after = rows[low].values, rows[high].values
    return differences(before, after, _people(before, after))


def _people(*versions: dict[str, Any]) -> dict[str, str]:
    """Name the people of versions."""
    names = ("desk__owner_id", "desk__recruiter_id")
    wanted = {values[name] for values in versions for name in names if values.get(name)}
    return {str(user.pk): str(user) for user in User.objects.filter(pk__in=wanted)}


def changes_since(job: Job, number: int) -> list[dict[str, Any]]:
    """Say who changed what of a job after a version, newest first: `{who, at, changed}`."""
    rows = JobVersion.objects.filter(job=job, number__gt=max(number, 1)).newest_first()
    return [
        {
            "who": str(row.actor) if row.actor else row.get_how_display(),
            "at": row.at.isoformat(),
            "changed": shown_names(row.changed),
        }
        for row in rows.defer("values")[:20]
    ]
