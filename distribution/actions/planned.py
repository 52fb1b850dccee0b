"""Move what is on the calendar, or take it off, before it goes out."""

from collections.abc import Iterable
from datetime import datetime

from distribution.actions import changes, fate
from distribution.actions.publish import locked
from distribution.errors import DistributionMoved
from distribution.models import Distribution
from jobly.errors import Conflict
from jobly.runs.actions import cancel, transaction
from jobly.runs.models import Run
from jobly.users.models import User

Status = Distribution.Status
TAKEN_OFF = "Taken off the calendar."


@transaction
def unschedule(distribution: Distribution, *, actor: User | None) -> Distribution:
    """Take a publication that has not begun off the calendar; nothing was sent.

    The job may be published again later. Emits: DistributionClosed.
    Raises: DistributionMoved when it has begun.
    """
    row = locked(distribution.pk)
    if row.status != Status.SCHEDULED:
        raise DistributionMoved(
            f"A {row.status} distribution is not on the calendar; nothing was changed.",
            distribution=str(row.pk),
        )
    for run in Run.objects.unfinished().filter(pk__in=filter(None, [row.run_id])):
        cancel(run, actor=actor)
    Distribution.objects.filter(pk=row.pk).update(close_reason=TAKEN_OFF)
    fate.close(row, actor=actor)
    return row


def move_many(
    rows: Iterable[Distribution], at: datetime | None, *, actor: User | None
) -> tuple[int, list[str]]:
    """Move scheduled publications to a moment, or off the calendar when there is none.

    Return how many were, and why others were not; one that has begun stops no other.
    """
    done, refused = 0, []
    for row in rows:
        try:
            if row.status != Status.SCHEDULED:
                raise DistributionMoved(f"it is {row.status} and not on the calendar any more.")
            if at is None:
                unschedule(row, actor=actor)
            else:
                changes.reschedule(row, at, actor=actor)
            done += 1
        except Conflict as moved:
            refused.append(f"{row.job.title} on {row.channel}: {moved.message}")
    return done, refused
