"""What a board still shows after it was taken down: asked again a few times, then told."""

from typing import Any
from uuid import UUID

from django.db.models import F
from django.db.models.functions import Now

from distribution import events
from distribution.actions import boards, fate, ledger
from distribution.actions.intents import Intent, intend
from distribution.actions.publish import locked, outcome, report, talk
from distribution.errors import Throttled
from distribution.models import Attempt, Distribution
from distribution.rules import states, stays
from jobly.errors import Deferred, JoblyError, Unknown
from jobly.runs.actions import emit, start
from jobly.runs.actions.claims import clock
from jobly.runs.actions.crash import crashpoint
from jobly.runs.actions.progress import Progress

CLOSE = Attempt.Op.CLOSE


def found(row: Distribution) -> None:
    """Note that a board shows what has ended; have it asked again, or tell that it was in vain.

    Asked at most once a day, and `stays.MOST_ASKS` times. The caller holds the row's lock, in a
    transaction. Emits: DistributionLeftOver, once.
    """
    now, before = clock(), row.still_there_at
    rows = Distribution.everything.filter(pk=row.pk)
    rows.update(still_there_at=now, gone_at=None)
    asked_today = before is not None and before.date() == now.date()
    if asked_today or not row.channel.is_called or not row.channel.enabled:
        return
    if row.close_asks < stays.MOST_ASKS:
        rows.update(close_asks=F("close_asks") + 1)
        crashpoint("dist.asked_again")
        start(
            "distribution.close_again",
            {"distribution_id": str(row.pk)},
            actor=None,
            company=row.company_id,
            key=f"close_again:{row.pk}:{now:%Y%m%d}",
            detached=True,
        )
    elif row.left_over_at is None:
        rows.update(left_over_at=now)
        fact = events.DistributionLeftOver(**fate.names(row), asked=row.close_asks)
        emit(fact, company=row.company_id)


def gone(row: Distribution) -> None:
    """Note that a board does not show any more what has ended; the caller holds the row's lock."""
    Distribution.everything.filter(pk=row.pk, gone_at=None).update(gone_at=Now())


def close_again(progress: Progress, distribution_id: UUID) -> dict[str, Any]:
    """Ask a board once more to take down what it shows after its end. Safe to repeat.

    Whether it helped the next look shows. Raises: Deferred, Unavailable, Rejected.
    """
    intent = _begin(progress, distribution_id)
    if intent is None:
        return report(Distribution.everything.get(pk=distribution_id))
    crashpoint("dist.after_intent")
    try:
        sent = talk(progress, intent)
    except JoblyError as error:
        raise _end_badly(progress, intent, error) from error
    crashpoint("dist.after_post")
    with outcome(progress):
        row = locked(distribution_id)
        ledger.conclude(intent.attempt, "accepted", answer=sent.answer)
        crashpoint("dist.before_outcome")
    return {**report(row), "asked": row.close_asks}


def _begin(progress: Progress, distribution_id: UUID) -> Intent | None:
    """Write the intent, unless it is gone meanwhile."""
    with progress.transaction():
        row = locked(distribution_id)
        for lost in row.attempts.open().filter(op=CLOSE):
            ledger.conclude(lost, "unknown", error=Unknown("We went away before the answer came."))
        lingers = row.status in states.ENDED and row.still_there_at is not None
        if not lingers or row.gone_at is not None:
            return None
        boards.admit(row, submits=True)
        crashpoint("dist.before_intent")
        return intend(progress, row, "close")


def _end_badly(progress: Progress, intent: Intent, error: JoblyError) -> JoblyError:
    """Write down the failure; return what the run is to raise."""
    with outcome(progress):
        row = locked(intent.distribution.pk)
        ledger.conclude(intent.attempt, ledger.outcome_of(error), error=error)
        if isinstance(error, Throttled):
            return Deferred(error.message, until=boards.park(row.channel, error.retry_after))
    return error
