"""Where a distribution ends up: each move with its columns and its fact."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import F
from django.db.models.functions import Coalesce, Now

from distribution import events
from distribution.actions import holding, money
from distribution.actions.many import Move
from distribution.actions.telling import emit
from distribution.models import Distribution
from distribution.models.distributions import moved_by
from distribution.rules import stays
from distribution.rules.answers import Seen, Sent
from distribution.rules.approvals import WAITS
from jobly.errors import JoblyError
from jobly.runs.actions import Fact, start
from jobly.runs.actions.claims import clock
from jobly.users.models import User

Status = Distribution.Status
CLEAN: dict[str, Any] = {
    "error": "",
    "error_code": "",
    "error_field": "",
    "unknown_since": None,
    "next_look_at": None,
}
ERROR_LINE = 500  # characters


def taking(row: Distribution, sent: Sent) -> Move:
    """Return the move of a job that its board took: published at once, or accepted for a look.

    `taken` tells of it once it is written.
    """
    now = clock()
    by = moved_by() | {"updated_at": now}
    if sent.state != "published":
        look = now + row.channel.poll_delay if row.channel.is_called else None
        columns = {**CLEAN, "next_look_at": look, **_handles(row, sent), "accepted_at": now}
        return row, Status.ACCEPTED, by | columns
    times = {"published_at": row.published_at or now, "expires_at": _end_of_stay(row)}
    return row, Status.PUBLISHED, by | CLEAN | _handles(row, sent) | times | {"reminded_at": None}


def taken(row: Distribution) -> None:
    """Tell that a board took a job. Emits: DistributionPublished or DistributionAccepted."""
    if row.status == Status.PUBLISHED:
        _is_published(row)
    else:
        _is_accepted(row)


def settle(row: Distribution, seen: Seen) -> None:
    """Follow what a look at the board showed, unless it showed nothing.

    Emits: DistributionPublished, DistributionAccepted or DistributionFailed.
    """
    if seen.state == "live":
        publish(row, seen)
    elif seen.state == "pending" and row.status != Status.ACCEPTED:
        accept(row, seen)
    elif seen.state == "refused":
        end(row, Status.REJECTED, "board_refused", seen.message or "The board turned it down.")


def publish(row: Distribution, said: Sent | Seen, *, actor: User | None = None) -> None:
    """Note that job seekers can see the job. Emits: DistributionPublished."""
    row.move(
        Status.PUBLISHED,
        actor=actor,
        **CLEAN,
        **_handles(row, said),
        published_at=Coalesce("published_at", Now()),
        expires_at=_end_of_stay(row),
        reminded_at=None,
    )
    _is_published(row, actor)


def _is_published(row: Distribution, actor: User | None = None) -> None:
    _tell(row, events.DistributionPublished(**names(row), url=row.post_url), actor)
    _show(row, visible=True)


def _end_of_stay(row: Distribution) -> datetime | None:
    """Say when the board, or the job, will end a stay that has just begun or was found going on."""
    if row.expires_at is not None:
        return row.expires_at
    channel = row.channel
    stay = stays.stay_of(channel.kind, channel.all_options, channel.stay_days)
    return stays.end_of_stay(clock(), stay, row.job.expires_at)


def follow_end(row: Distribution, earlier: Collection[datetime]) -> None:
    """Move the end of a stay with its job's closing date; `earlier` are those the job had."""
    channel = row.channel
    stay = stays.stay_of(channel.kind, channel.all_options, channel.stay_days)
    board_end = row.published_at + stay if row.published_at and stay else None
    if board_end and row.expires_at:  # one that was renewed is kept longer than a stay
        board_end = max(board_end, row.expires_at)
    end = stays.moved_end(
        row.expires_at,
        clock(),
        board_end=board_end,
        job_end=row.job.expires_at,
        was_jobs=row.expires_at in earlier,
    )
    if end != row.expires_at:
        Distribution.everything.filter(pk=row.pk).update(expires_at=end, reminded_at=None)


def renew(row: Distribution) -> None:
    """Note that the board keeps a posting longer. Counted as one more renewal in a row."""
    channel = row.channel
    stay = stays.stay_of(channel.kind, channel.all_options, channel.stay_days)
    until = stays.renewed_end(
        channel.kind, row.expires_at, clock(), stay=stay, job_end=row.job.expires_at
    )
    Distribution.everything.filter(pk=row.pk).update(
        expires_at=until, reminded_at=None, renewals=F("renewals") + 1
    )


def _handles(row: Distribution, said: Sent | Seen) -> dict[str, Any]:
    """Return what the board calls the posting; what it left out stays."""
    return {
        "post_id": said.post_id or row.post_id,
        "post_url": said.post_url or row.post_url,
        "task_id": said.task_id or row.task_id,
    }


def accept(row: Distribution, said: Sent | Seen) -> None:
    """Note that the board works on the job, and look again later. Emits: DistributionAccepted.

    What waits to be fetched is not looked at: the fetch itself moves it.
    """
    looks = row.channel.is_called
    row.move(
        Status.ACCEPTED,
        **{**CLEAN, "next_look_at": Now() + row.channel.poll_delay if looks else None},
        **_handles(row, said),
        accepted_at=Now(),
    )
    _is_accepted(row)


def _is_accepted(row: Distribution) -> None:
    _tell(row, events.DistributionAccepted(**names(row)))
    if row.channel.is_called:
        follow_later(row)


def follow_later(row: Distribution) -> None:
    """Have the board looked at again, in a run of its own that nobody waits for."""
    start(
        "distribution.follow_up",
        {"distribution_id": str(row.pk)},
        actor=None,
        company=row.company_id,
        after=row.channel.poll_delay,
        detached=True,
    )


def refuse(row: Distribution, error: JoblyError) -> None:
    """Note that the job cannot go there as it is. Emits: DistributionFailed."""
    field = next(iter(error.fields), "")
    end(row, Status.REJECTED, error.code, error.message, field=field)


def fail(row: Distribution, error: JoblyError) -> None:
    """Note that every try ended badly and nothing is on the board. Emits: DistributionFailed."""
    end(row, Status.FAILED, error.code, error.message)


def needs_attention(row: Distribution, code: str, message: str) -> None:
    """Hand the decision to a person. Emits: DistributionFailed."""
    end(row, Status.NEEDS_ATTENTION, code, message)


def end(row: Distribution, status: Status, code: str, message: str, *, field: str = "") -> None:
    """Move to a bad end and say why in one line. Emits: DistributionFailed."""
    line = " ".join(message.split())[:ERROR_LINE]
    row.move(status, **{**CLEAN, "error": line, "error_code": code[:64], "error_field": field[:64]})
    fact = events.DistributionFailed(**names(row), status=row.status, code=code, error=line)
    _tell(row, fact)
    money.release(row)


def close(row: Distribution, status: Status = Status.CLOSED, *, actor: User | None = None) -> None:
    """Note that the job is not on the board any more. Emits: DistributionClosed."""
    if row.error_code == WAITS:
        holding.drop(row, actor=actor)
    row.move(status, actor=actor, **CLEAN, closed_at=Now())
    money.release(row)
    if row.relist_asked_at is not None:
        emit(events.RelistDue(distribution_id=str(row.pk)), actor=actor, company=row.company_id)
    _tell(row, events.DistributionClosed(**names(row), status=row.status), actor)
    _show(row, visible=False)


def take_down(row: Distribution) -> None:
    """Note that the board took a job down: expired where its stay had ended, else closed."""
    ended = row.close_reason == stays.ENDED
    close(row, Status.EXPIRED if ended else Status.CLOSED)


def _show(row: Distribution, *, visible: bool) -> None:
    """Have our own board show a job or not; the catalogue carries the mark. Emits: BoardChanged."""
    if row.channel.is_internal:
        emit(events.BoardChanged(job_id=row.job_id, visible=visible), company=row.company_id)


def _tell(row: Distribution, fact: Fact, actor: User | None = None) -> None:
    """Tell a fact about a distribution; what a rehearsal does is nobody's news."""
    if row.rehearsal_id is None:
        emit(fact, actor=actor, company=row.company_id)


def names(row: Distribution) -> dict[str, Any]:
    """Return the fields that every fact about a distribution begins with."""
    return {
        "distribution_id": str(row.pk),
        "job_id": row.job_id,
        "channel": row.channel.slug,
        "kind": row.channel.kind,
    }
