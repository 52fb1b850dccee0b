"""Compare what boards should show with what they show, every night.

What is missing is told and not repaired; what should be gone is asked for again (`leftovers`).
"""

from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from distribution.actions import boards, ledger, looking
from distribution.actions.follow import see_today
from distribution.actions.publish import locked
from distribution.models import Channel, Distribution, LiveLook
from distribution.rules import seeing
from distribution.rules.answers import Seen
from jobly.runs.actions import start
from jobly.runs.actions.claims import clock
from jobly.runs.actions.progress import Progress

Status = Distribution.Status
BATCH = 200  # distributions read at once


def reconcile_boards() -> dict[str, Any]:
    """Start one comparison a channel that can be asked what it shows."""
    channels = [one for one in Channel.objects.usable() if one.is_called]
    for channel in channels:
        args = {"channel_id": str(channel.pk)}
        start("distribution.reconcile_board", args, actor=None, company=channel.company_id)
    return {"channels": len(channels)}


def reconcile_board(progress: Progress, channel_id: UUID) -> dict[str, Any]:
    """Compare what a channel should show, and should not any more, with what it shows.

    It goes on where it was stopped: each look is kept. Emits: DistributionDrifted for each posting
    that the board lost.
    """
    rows = _to_compare(progress, channel_id)
    total = rows.count()
    for row in rows.select_related("channel").order_by("id").iterator(BATCH):
        if not row.channel.lookup and not row.task_id:
            continue
        progress.checkpoint()
        boards.admit(row, submits=False)
        seen = see_today(row)
        with progress.transaction():
            _note(progress, row, seen)
        looked = LiveLook.objects.filter(run_id=progress.run.pk).count()
        progress.tell(done=looked, total=max(total, looked))
    return _result(progress)


def _to_compare(progress: Progress, channel_id: UUID) -> QuerySet[Distribution]:
    """Return what should be there or was taken down lately, and was not looked at by this run."""
    down = Q(
        status__in=["closed", "expired"],
        published_at__isnull=False,
        closed_at__gt=clock() - looking.LEFT,
    )
    seen = LiveLook.objects.filter(distribution=OuterRef("pk"), run_id=progress.run.pk)
    rows = Distribution.objects.filter(channel_id=channel_id)
    return rows.filter(Q(status=Status.PUBLISHED) | down).exclude(Exists(seen))


def _note(progress: Progress, row: Distribution, seen: Seen) -> None:
    """Write down what was seen, and as an exchange where it differs from our books."""
    fresh = locked(row.pk)
    sight = seeing.of_board(seen)
    if sight.verdict == "gone" and fresh.status == Status.PUBLISHED:
        word = "absent" if seen.state == "absent" else "found"
        ledger.note(fresh, "lookup", word, fence=progress.run.fence, answer=seen.answer)
    looking.note(fresh, sight, progress.run)


def _result(progress: Progress) -> dict[str, Any]:
    """Count what this run saw: in all, lost by the board, and still shown after it was closed."""
    looks = LiveLook.objects.filter(run_id=progress.run.pk)
    lost = looks.filter(verdict="gone", distribution__status=Status.PUBLISHED).count()
    turned = looks.filter(verdict="gone", distribution__status=Status.REJECTED).count()
    ended = looks.filter(distribution__status__in=["closed", "expired"], verdict="live")
    return {
        "looked": looks.count(),
        "drifted": lost,
        "rejected": turned,
        "leftovers": ended.count(),
    }
