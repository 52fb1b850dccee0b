"""What came of publications, written to their locked rows: taken, turned down or not known."""

from collections.abc import Sequence
from datetime import timedelta

from django.db.models.functions import Now

from distribution.actions import boards, fate, ledger
from distribution.actions.intents import Intent
from distribution.actions.many import move_many
from distribution.errors import (
    BoardGone,
    Held,
    NoSlots,
    Throttled,
)
from distribution.models import Distribution
from distribution.rules.answers import Sent
from jobly.errors import Deferred, JoblyError, Unavailable, Unknown
from jobly.runs.actions import claims
from jobly.runs.actions.current import executing
from jobly.runs.actions.progress import Progress

Status = Distribution.Status

Ended = tuple[Progress, Distribution, Intent, Sent]


def end_well(ended: Sequence[Ended]) -> None:
    """Write down that boards took jobs, to the locked rows; emits what that means."""
    with claims.clock_read_once():
        ledger.conclude_many(
            [(intent.attempt, _word(sent), sent.answer or {}) for _, _, intent, sent in ended]
        )
        moves = []
        for progress, row, _, sent in ended:
            with executing(progress.run):
                moves.append(fate.taking(row, sent))
        move_many(moves)
        for progress, row, _, _ in ended:
            with executing(progress.run):
                fate.taken(row)


def _word(sent: Sent) -> str:
    return "published" if sent.state == "published" else "accepted"


def end_badly(
    progress: Progress, row: Distribution, intent: Intent, error: JoblyError
) -> JoblyError | None:
    """Write down an error and where it leaves the locked row; return what the run is to raise."""
    ledger.conclude(intent.attempt, ledger.outcome_of(error), error=error)
    return _after(progress, row, error)


def _after(progress: Progress, row: Distribution, error: JoblyError) -> JoblyError | None:
    """Move the row on after an error; return what the run is to raise."""
    if isinstance(error, Unknown):
        return _after_unknown(progress, row, error)
    if isinstance(error, Throttled):
        until = boards.park(row.channel, error.retry_after)
        row.move(Status.PENDING, error=error.message, error_code=error.code)
        return Deferred(error.message, until=until)
    if isinstance(error, Held):
        row.move(Status.PENDING, error=error.message, error_code=error.code)
        return error
    if not isinstance(error, Unavailable):
        alarm = isinstance(error, BoardGone | NoSlots)
        (fate.fail if alarm else fate.refuse)(row, error)
        return error
    if is_last(progress):
        fate.fail(row, error)
    else:
        row.move(Status.PENDING, error=error.message, error_code=error.code)
    return error


def _after_unknown(progress: Progress, row: Distribution, error: Unknown) -> JoblyError | None:
    """Decide on an outcome nobody knows: repeat, look, or ask a person."""
    channel = row.channel
    row.move(
        Status.UNKNOWN,
        unknown_since=Now(),
        next_look_at=Now(),
        error=error.message,
        error_code=error.code,
    )
    if not channel.idempotent_create:
        pause = error.retry_after or timedelta(0)
        return Deferred(error.message, until=claims.clock() + pause)
    if not is_last(progress):
        return Unavailable(error.message, retry_after=error.retry_after)
    fate.needs_attention(
        row,
        error.code,
        f"{channel.name} did not answer {progress.run.attempt} times and may have the job; "
        "post again when it is well, it will not appear twice.",
    )
    return error


def is_last(progress: Progress) -> bool:
    """Whether this is the last try of the run."""
    return bool(progress.run.attempt >= progress.run.max_attempts)
