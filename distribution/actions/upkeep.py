"""Change what is on a board: update, renew and close. All three may be repeated without harm."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models.functions import Now

from distribution.actions import boards, fate, ledger
from distribution.actions.intents import Intent, intend
from distribution.actions.publish import locked, outcome, report, talk
from distribution.errors import LintFailed, Throttled
from distribution.models import Distribution
from distribution.reports.content import content_for
from distribution.rules import lint, payloads, states
from distribution.rules.answers import Sent
from jobly.errors import Deferred, JoblyError
from jobly.runs.actions.claims import clock
from jobly.runs.actions.crash import crashpoint
from jobly.runs.actions.progress import Progress
from jobly.runs.models import Run

Status = Distribution.Status
KINDS = ("distribution.publish", "distribution.update", "distribution.close")
AGAIN = timedelta(seconds=2)  # until another exchange about the same posting is looked for again


def change_on_board(progress: Progress, distribution_id: UUID, op: payloads.Op) -> dict[str, Any]:
    """Have a board update, renew or close a posting, and write down what came of it.

    Emits: DistributionClosed when a close took effect at once.
    Raises: LintFailed, Deferred, Unavailable, Rejected.
    """
    try:
        intent = _begin(progress, distribution_id, op)
    except LintFailed as wrong:
        _say(progress, distribution_id, wrong)
        raise
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
        _end_well(row, intent, sent)
        crashpoint("dist.before_outcome")
    return report(row)


def _begin(progress: Progress, distribution_id: UUID, op: payloads.Op) -> Intent | None:
    """Write the intent, unless there is nothing to change any more."""
    with progress.transaction():
        row = locked(distribution_id)
        _wait_for_others(progress, row)
        for lost in row.attempts.open().filter(op=op):
            ledger.conclude(lost, "unknown")
        there = row.status in states.ON_BOARD or (op == "close" and bool(row.post_id))
        if not there or row.status in states.ENDED:
            return None
        if op == "update" and row.content_hash == content_for(row.job).digest():
            return None
        if op != "close":
            _lint(row)
        boards.admit(row, submits=True)
        crashpoint("dist.before_intent")
        return intend(progress, row, op)


def _wait_for_others(progress: Progress, row: Distribution) -> None:
    """Come back later while another run has an exchange about the posting: one at a time.

    What runs is few, so only those are looked through. Raises: Deferred.
    """
    if not row.attempts.open().exists():
        return
    others = Run.objects.filter(
        status=Run.Status.RUNNING, kind__in=KINDS, args__distribution_id=str(row.pk)
    )
    if others.exclude(pk=progress.run.pk).exists():
        until = clock() + AGAIN
        raise Deferred(f"{row.channel.name} has not answered what was asked before.", until=until)


def _lint(row: Distribution) -> None:
    """Refuse to send what the board would refuse; the earlier version stays live."""
    channel, content = row.channel, content_for(row.job)
    around = lint.Around(clock())
    found = lint.errors(lint.lint(channel.board, content, channel.all_options, around))
    if found:
        fields = {finding.field: [finding.message] for finding in found}
        raise LintFailed(f"The board keeps the earlier version: {found[0].message}", fields=fields)


def _say(progress: Progress, distribution_id: UUID, wrong: LintFailed) -> None:
    """Note beside what stays live why the board was not asked."""
    with progress.transaction():
        row = locked(distribution_id)
        columns = {"error": wrong.message[: fate.ERROR_LINE], "error_code": wrong.code}
        Distribution.everything.filter(pk=row.pk).update(updated_at=Now(), **columns)


def _end_well(row: Distribution, intent: Intent, sent: Sent) -> None:
    ledger.conclude(intent.attempt, "accepted", answer=sent.answer)
    if row.status in states.ENDED:  # a look or an event was faster
        return
    if intent.order.op == "close" and sent.state in ("closed", "published"):
        fate.take_down(row)
        return
    columns: dict[str, Any] = {
        **fate.CLEAN,
        "post_id": sent.post_id or row.post_id,
        "post_url": sent.post_url or row.post_url,
        "task_id": sent.task_id or row.task_id,
    }
    if intent.order.op != "close":
        columns["content_hash"] = intent.digest
    if sent.state == "accepted":
        columns["next_look_at"] = Now() + row.channel.poll_delay
    Distribution.everything.filter(pk=row.pk).update(updated_at=Now(), **columns)
    if sent.state == "accepted":
        fate.follow_later(row)
    elif intent.order.op == "renew":
        fate.renew(row)


def _end_badly(progress: Progress, intent: Intent, error: JoblyError) -> JoblyError:
    """Write down the failure and return what the run is to raise; the posting stays as it was."""
    with outcome(progress):
        row = locked(intent.distribution.pk)
        word = ledger.outcome_of(error)
        ledger.conclude(intent.attempt, word, error=error)
        columns = {"error": error.message[: fate.ERROR_LINE], "error_code": error.code}
        if word == "refused" and intent.order.op == "update":
            columns["content_hash"] = intent.digest  # sent, and not to be sent again unchanged
        Distribution.everything.filter(pk=row.pk).update(updated_at=Now(), **columns)
        if isinstance(error, Throttled):
            until = boards.park(row.channel, error.retry_after)
            return Deferred(error.message, until=until)
    return error
