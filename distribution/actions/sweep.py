"""Publish what is due and pick up what was dropped: run by the clock, harmless at any time."""

from datetime import timedelta

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from distribution.actions import changes, fate
from distribution.actions.follow import begin
from distribution.models import Channel, Distribution
from distribution.reports.works import left_alone
from distribution.rules.approvals import WAITS
from ingestion.models import Job
from jobly.runs.actions import transaction
from jobly.runs.models import Run

Status = Distribution.Status
STALE = timedelta(minutes=2)  # after its moment a look, or a run, counts as forgotten
LEFTOVER = timedelta(minutes=10)  # after the last try to take a posting down
BATCH = 1000  # rows a sweep looks at
FOLLOWS = ("distribution.follow_up", "distribution.close", "distribution.update")


@transaction
def sweep_due() -> dict[str, int]:
    """Publish what is due now and pick up what lost its run; running twice is harmless (S1.20)."""
    lost = _lost_publications()
    for row in lost:
        begin(row)
    rows = Distribution.objects.filter(
        status__in=["accepted", "published"],
        next_look_at__lt=Now() - STALE,
        channel__enabled=True,  # what is off is looked at once it is on again
    )
    forgotten = list(_left_alone(rows))
    for row in forgotten:
        fate.follow_later(row)
    return {
        "published": len(lost),
        "looked_after": len(forgotten),
        "stuck": _end_stuck(),
    }


def _lost_publications() -> list[Distribution]:
    """Return due distributions without a run at all."""
    due = Q(status="scheduled", scheduled_publish_at__lte=Now()) | Q(status="pending")
    rows = Distribution.objects.filter(due, run_id=None).exclude(error_code=WAITS)
    return list(rows.select_for_update(skip_locked=True, no_key=True)[:BATCH])


@transaction
def close_leftovers() -> int:
    """Take down again what boards still show of jobs that are not live, or not public, any more.

    It looks at all that is on boards: not for each minute.
    """
    hidden = Q(job__desk__is_public=False) & ~Q(channel__kind=Channel.Kind.INTRANET)
    gone = ~Q(job__status=Job.Status.LIVE) | hidden
    rows = Distribution.objects.filter(
        gone,
        status__in=["accepted", "published"],
        updated_at__lt=Now() - LEFTOVER,
        channel__enabled=True,
    )
    left = list(_left_alone(rows))
    for row in left:
        changes.close_distribution(row, actor=None)
    return len(left)


def _left_alone(rows: QuerySet[Distribution]) -> QuerySet[Distribution]:
    """Keep those that no work is under way for, the oldest first."""
    return left_alone(rows, FOLLOWS).select_related("channel").order_by("pk")[:BATCH]


def _end_stuck() -> int:
    """End distributions whose run ended without them: it was cancelled, or crashed its workers."""
    rows = Distribution.objects.filter(
        status__in=["pending", "scheduled", "sending", "unknown"],
        run_id__in=Run.objects.filter(
            kind="distribution.publish",
            status__in=["failed", "cancelled"],
            finished_at__lt=Now() - STALE,
        ).values("pk"),
    )
    ended = 0
    for row in rows.select_related("channel").select_for_update(
        of=("self",), skip_locked=True, no_key=True
    )[:BATCH]:
        replays = Run.objects.unfinished().filter(replay_of=row.run_id)
        if replays.exists():
            continue
        if row.status in ("sending", "unknown"):
            text = f"Its run ended early; {row.channel.name} may have the job: look there."
            fate.needs_attention(row, "run_ended", text)
        else:
            fate.end(row, Status.FAILED, "run_ended", "Its run ended early; retry it.")
        ended += 1
    return ended
