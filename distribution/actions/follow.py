"""Look again at what boards took: tasks in the air, postings that should be there."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models.functions import Now

from distribution.actions import boards, fate, holding, ledger
from distribution.actions.publish import locked, report
from distribution.models import Attempt, Distribution
from distribution.rules import states
from distribution.rules.answers import Seen
from jobly.errors import Deferred, Rejected, Unavailable
from jobly.runs.actions import start
from jobly.runs.actions.claims import clock
from jobly.runs.actions.progress import Progress
from jobly.runs.models import Run
from jobly.users.models import User

Status = Distribution.Status
CHANGES = ("create", "update", "renew", "close")


def follow_up(progress: Progress, distribution_id: UUID) -> dict[str, Any]:
    """Ask a board how the last accepted change stands, until it says or the patience ends.

    Emits: DistributionPublished, DistributionFailed, DistributionClosed.
    Raises: Deferred until the next look.
    """
    distribution = Distribution.everything.select_related("channel").get(pk=distribution_id)
    change = _change_in_the_air(distribution)
    if change is None:
        return report(distribution)
    boards.admit(distribution, submits=False)
    progress.checkpoint()
    seen = _see_calmly(distribution)
    with progress.transaction():
        row = locked(distribution_id)
        if _change_in_the_air(row) != change:
            return report(row)
        outcome = "absent" if seen.state == "absent" else "found"
        ledger.note(row, "poll", outcome, fence=progress.run.fence, answer=seen.answer)
        until = _follow(row, change, seen)
    if until is not None:
        raise Deferred(f"{row.channel.name} still works on it.", until=until)
    return report(row)


def _change_in_the_air(distribution: Distribution) -> Attempt | None:
    """Return the last change a board accepted and has not answered for, if any."""
    if distribution.status not in states.ON_BOARD or distribution.next_look_at is None:
        return None
    return distribution.attempts.filter(op__in=CHANGES).order_by("number").last()


def _see_calmly(distribution: Distribution) -> Seen:
    """Look, and take a board that will not say for one that has not said yet."""
    try:
        return see(distribution)
    except (Rejected, Unavailable) as exc:
        return Seen("pending", message=exc.message)


def see(distribution: Distribution) -> Seen:
    """Ask the board for a posting by its task or its id, else by ours."""
    seen = _by_handle(distribution)
    if seen.state == "absent" and distribution.channel.lookup:
        return _by_our_id(distribution)
    return seen


def _by_handle(distribution: Distribution) -> Seen:
    handle = distribution.task_id
    if not handle:
        return Seen("absent")
    found: dict[str, Seen] = boards.ask(
        distribution.channel, lambda client, link: client.poll(link, [handle])
    )
    return found[handle]


def _by_our_id(distribution: Distribution) -> Seen:
    external_id, post_id = distribution.external_id, distribution.post_id
    seen: Seen = boards.ask(
        distribution.channel, lambda client, link: client.look(link, external_id, post_id)
    )
    return seen


def _follow(row: Distribution, change: Attempt, seen: Seen) -> datetime | None:
    """Move a row by what was seen; return when to look again, if that is needed."""
    if seen.state in ("pending", "absent"):
        return _wait(row, change, seen.message)
    if change.op == Attempt.Op.CREATE:
        _created(row, seen)
    elif change.op == Attempt.Op.CLOSE:
        _closed(row, seen)
    else:
        _changed(row, change, seen)
    return None


def _wait(row: Distribution, change: Attempt, said: str) -> datetime | None:
    """Look again later, as long after as it has taken so far; give up when patience ends."""
    channel, now = row.channel, clock()
    elapsed = now - change.sent_at
    if elapsed >= channel.poll_until:
        if row.status == Status.ACCEPTED:
            hours = round(channel.poll_until / timedelta(hours=1), 1)
            message = f"{channel.name} has not said within {hours} h whether the job is live."
            fate.needs_attention(row, "no_answer", message)
        else:
            _set(row, next_look_at=None, task_id="")
        return None
    until = now + states.next_poll(elapsed, channel.poll_delay)
    _set(row, next_look_at=until, error=said[: fate.ERROR_LINE])
    return until


def _created(row: Distribution, seen: Seen) -> None:
    """End the wait for a new posting; one that failed on the board's side is sent once more."""
    if seen.state == "refused" and seen.retryable:
        again(row, seen.message)
        return
    fate.settle(row, seen)
    if seen.state == "refused":
        _set(row, task_id="")


def again(row: Distribution, reason: str) -> None:
    """Send a job anew under the same id, in a run of its own."""
    row.move(
        Status.PENDING,
        error=reason[: fate.ERROR_LINE],
        error_code="board_failed",
        next_look_at=None,
        task_id="",
    )
    begin(row)


def begin(
    row: Distribution, *, actor: User | None = None, after: datetime | None = None
) -> Run | None:
    """Start the run that publishes a distribution, unless somebody has to say yes first.

    One for later is nobody's child. Emits: ApprovalAsked.
    """
    if not holding.hold([row], actor=actor):
        return None
    run = start(
        "distribution.publish",
        {"distribution_id": str(row.pk)},
        actor=actor,
        company=row.company_id,
        after=after,
        detached=after is not None,
    )
    _set(row, run_id=run.pk)
    return run


def _closed(row: Distribution, seen: Seen) -> None:
    if seen.state == "live":
        # a task that succeeded answers "live" for a close as well
        fate.take_down(row)
    else:
        _set(row, next_look_at=None, error=seen.message, error_code="close_refused")


def _changed(row: Distribution, change: Attempt, seen: Seen) -> None:
    """End the wait for an update; a refused one leaves the earlier version live."""
    refused = seen.state == "refused"
    if change.op == Attempt.Op.RENEW and not refused:
        fate.renew(row)
    _set(
        row,
        next_look_at=None,
        error=f"The board kept the earlier version: {seen.message}" if refused else "",
        error_code="update_refused" if refused else "",
    )


def _set(row: Distribution, **columns: Any) -> None:
    """Write columns that are no state; the caller holds the row's lock."""
    Distribution.everything.filter(pk=row.pk).update(updated_at=Now(), **columns)


def see_today(row: Distribution) -> Seen:
    """Look at what a board shows today; a task that succeeded once says nothing about that."""
    try:
        return _by_our_id(row) if row.channel.lookup else _by_handle(row)
    except Rejected as exc:
        return Seen("pending", message=exc.message)
