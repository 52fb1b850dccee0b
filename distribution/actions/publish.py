"""Bring one job onto one channel, exactly once, whatever dies on the way (RELIABILITY §2.4)."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.functions import Now

from distribution.actions import boards, fate, ledger, money
from distribution.errors import (
    BoardGone,
    Held,
    LintFailed,
    NoSlots,
    NotDistributable,
    Throttled,
)
from distribution.models import Attempt, Distribution
from distribution.reports.content import TOLD, content_for
from distribution.reports.links import naming_for
from distribution.rules import lint, payloads, states
from distribution.rules.answers import Order, Sent
from distribution.rules.approvals import WAITS
from jobly.errors import Deferred, JoblyError, Rejected, Unavailable, Unknown
from jobly.runs.actions import claims, transaction
from jobly.runs.actions.crash import crashpoint
from jobly.runs.actions.progress import Progress

Status = Distribution.Status
TAKEN = ("accepted", "published")  # outcomes of an exchange that the board took


@dataclass(frozen=True, slots=True)
class Intent:
    """An exchange that is written down and about to happen."""

    distribution: Distribution
    attempt: Attempt
    order: Order
    digest: str


def publish_distribution(progress: Progress, distribution_id: UUID) -> dict[str, Any]:
    """Send a job to its board and write down what came of it. Safe to repeat at any point.

    An earlier exchange without outcome is cleared up first; only then may anything be sent again,
    and always under the same external id.
    Emits: DistributionPublished, DistributionAccepted, DistributionFailed.
    Raises: Rejected when the job cannot go there, Deferred and Unavailable to come back.
    """
    with progress.transaction():
        distribution = locked(distribution_id)
        _recover(distribution)
    progress.tell(step=f"{distribution.job.title} on {distribution.channel}")
    if distribution.status not in states.MAY_SEND or distribution.error_code == WAITS:
        return report(distribution)
    if distribution.status == Status.UNKNOWN and not reconcile(progress, distribution):
        return report(distribution)
    at = distribution.scheduled_publish_at
    if distribution.status == Status.SCHEDULED and at is not None and at > claims.clock():
        raise Deferred("Scheduled for later.", until=at)
    progress.hold(distribution.channel.call_timeout * 2)
    intent = _begin(progress, distribution_id)
    crashpoint("dist.after_intent")
    try:
        sent = talk(progress, intent)
    except JoblyError as error:
        crashpoint("dist.after_post")
        return _end_badly(progress, intent, error)
    crashpoint("dist.after_post")
    with outcome(progress):
        row = locked(distribution_id)
        end_well(row, intent, sent)
        crashpoint("dist.before_outcome")
    return report(row)


@contextmanager
def outcome(progress: Progress) -> Iterator[None]:
    """Write down what a board said, while the run is ours.

    Unlike `progress.transaction()` it does so too when the run is to be cancelled or released:
    what the board did does not go away by that. Raises: LostLease.
    """
    with transaction():
        yield
        claims.verify(progress.run)


def locked(distribution_id: UUID) -> Distribution:
    """Return a distribution whose row nobody else changes until the transaction ends."""
    return _lockable().get(pk=distribution_id)


def locked_many(distribution_ids: Collection[UUID]) -> dict[UUID, Distribution]:
    """Return distributions as `locked` does, by id; all such locks are taken in order of ids."""
    rows = _lockable().filter(pk__in=distribution_ids).order_by("pk")
    return {row.pk: row for row in rows}


def _lockable() -> QuerySet[Distribution]:
    job = [f"job__{name}" for name in TOLD]
    rows = Distribution.everything.select_related("channel", "company", *job)
    return rows.select_for_update(of=("self",), no_key=True)


def report(distribution: Distribution) -> dict[str, Any]:
    """Return where a distribution stands, as a run's result."""
    return {
        "distribution_id": str(distribution.pk),
        "status": distribution.status,
        "post_url": distribution.post_url,
        "error": distribution.error,
    }


def _recover(distribution: Distribution) -> None:
    """Find that an earlier run of this went away between its intent and its outcome."""
    lost = distribution.attempts.open().creates()
    for attempt in lost:
        ledger.conclude(attempt, "unknown", error=Unknown("We went away before the answer came."))
    if distribution.status == Status.SENDING:
        distribution.move(Status.UNKNOWN, unknown_since=Now(), next_look_at=Now())


def reconcile(progress: Progress, distribution: Distribution) -> bool:
    """Clear up an unknown outcome; True when the job may be sent again with the same id.

    Emits: DistributionPublished, DistributionAccepted or DistributionFailed when that settles it.
    Raises: Deferred until the next look at the board.
    """
    channel = distribution.channel
    since = distribution.unknown_since or distribution.updated_at
    elapsed = claims.clock() - since
    step = states.next_step(
        idempotent=channel.idempotent_create,
        lookup=channel.lookup,
        elapsed=elapsed,
        settle=channel.settle_window,
    )
    if step == "ask":
        with progress.transaction():
            fate.needs_attention(
                distribution,
                "unknown_outcome",
                f"{channel.name} may have the job or not, and cannot be asked: look there, then "
                "say whether to post again.",
            )
        return False
    if channel.lookup and not channel.idempotent_create and _found(progress, distribution):
        return False
    if step == "send":
        return True
    until = since + states.next_look(elapsed, channel.settle_window)
    with progress.transaction():
        Distribution.everything.filter(pk=distribution.pk).update(next_look_at=until)
    raise Deferred(f"Waiting whether {channel.name} shows the job.", until=until)


def _found(progress: Progress, distribution: Distribution) -> bool:
    """Look whether the board has the posting; adopt what it has."""
    boards.admit(distribution, submits=False)
    progress.checkpoint()
    seen = boards.ask(
        distribution.channel,
        lambda client, link: client.look(link, distribution.external_id, distribution.post_id),
    )
    with progress.transaction():
        row = locked(distribution.pk)
        outcome = "absent" if seen.state == "absent" else "found"
        ledger.note(row, "lookup", outcome, fence=progress.run.fence, answer=seen.answer)
        if seen.state != "absent":
            fate.settle(row, seen)
    distribution.refresh_from_db()
    return bool(seen.state != "absent")


def _begin(progress: Progress, distribution_id: UUID) -> Intent:
    """Check everything that can stop the call, then write the intent.

    Emits and raises what `prepare` does; LintFailed, NotDistributable, BudgetSpent and
    NoCredits once they are written.
    """
    with progress.transaction():
        begun = prepare(progress, locked(distribution_id))
    if isinstance(begun, Rejected):
        raise begun
    return begun


def prepare(progress: Progress, distribution: Distribution) -> Intent | Rejected:
    """Write the intent to send a job, or why it must not be sent, in the open transaction.

    The caller holds the row's lock and raises what is returned as an error after the commit.
    Emits: DistributionFailed for a job the board would refuse; nothing is sent then.
    Raises: Deferred, with nothing written.
    """
    refusal = _refusal(distribution) or _admitted(progress, distribution)
    if refusal is not None:
        _turn_away(distribution, refusal)
        return refusal
    crashpoint("dist.before_intent")
    intent = intend(progress, distribution, "create")
    distribution.move(
        Status.SENDING,
        content_hash=intent.digest,
        error="",
        error_code="",
        error_field="",
        next_look_at=None,
    )
    return intent


def _admitted(progress: Progress, distribution: Distribution) -> Rejected | None:
    """Take what it costs and one of the quota, or both not; say why it cannot be paid.

    Raises: Deferred.
    """
    with money.together(distribution):
        refusal = money.refusal(distribution, actor_id=progress.run.actor_id)
        if refusal is None:
            crashpoint("dist.after_reserve")
            boards.admit(distribution, submits=True)
    return refusal


def _turn_away(distribution: Distribution, refusal: Rejected) -> None:
    """End a distribution that must not be sent; one that may be on the board is a person's."""
    if distribution.status == Status.UNKNOWN and distribution.channel.idempotent_create:
        fate.needs_attention(distribution, refusal.code, refusal.message)
    elif isinstance(refusal, LintFailed):
        fate.refuse(distribution, refusal)
    else:
        fate.fail(distribution, refusal)


def _refusal(distribution: Distribution) -> Rejected | None:
    """Say why a job must not be sent, or None."""
    channel, job = distribution.channel, distribution.job
    if job.status != job.Status.LIVE:
        return NotDistributable(f"The job is {job.status}; only live jobs are published.")
    if not channel.enabled:
        return NotDistributable(f"{channel.name} is switched off; enable it and retry.")
    if len(distribution.external_id) > channel.id_max:
        return NotDistributable(f"{channel.name} takes ids of {channel.id_max} characters only.")
    if _creates(distribution) >= states.MAX_CREATES:
        lost = f"{channel.name} lost the job {states.MAX_CREATES} times; retry it later."
        return NotDistributable(lost)
    around = lint.Around(claims.clock())
    said = lint.lint(channel.board, content_for(job), channel.all_options, around)
    found = lint.errors(said)
    if not found:
        return None
    first = found[0]
    return LintFailed(first.message, fields={f.field: [f.message] for f in found}, lint=first.code)


def _creates(distribution: Distribution) -> int:
    """Count the exchanges of this publication that may have made a posting."""
    rows = distribution.attempts.creates().exclude(outcome__in=["unavailable", "refused"])
    return rows.filter(number__gt=distribution.attempts_before).count()


def intend(progress: Progress, distribution: Distribution, op: payloads.Op) -> Intent:
    """Write down what is about to be asked of a board; the caller holds the row's lock."""
    channel = distribution.channel
    content = content_for(distribution.job)
    naming = naming_for(distribution, op, claims.clock())
    payload = payloads.payload(channel.board, content, channel.all_options, naming=naming)
    digest = content.digest()
    # a create keeps its key when the content changes: a repeat must never make a second posting
    version = "" if op == "create" else f"-{digest[:16]}"
    if op == "renew":  # the next month's is another one, though nothing changed
        version += f"-{distribution.attempts.filter(op=op, outcome__in=TAKEN).count() + 1}"
    order = Order(
        op=op,
        external_id=distribution.external_id,
        payload=payload,
        key=f"{distribution.external_id}-{op}{version}",
        post_id=distribution.post_id,
    )
    attempt = ledger.intend(distribution, op, fence=progress.run.fence, request=payload)
    return Intent(distribution, attempt, order, digest)


def talk(progress: Progress, intent: Intent) -> Sent:
    """Have the exchange, with enough of the lease left to survive its timeout.

    Raises: what the client raises.
    """
    channel = intent.distribution.channel
    progress.hold(channel.call_timeout * 2)
    sent: Sent = boards.ask(channel, lambda client, link: client.send(link, intent.order))
    return sent


def end_well(row: Distribution, intent: Intent, sent: Sent) -> None:
    """Write down that the board took the job, to the locked row; emits what that means."""
    outcome = "published" if sent.state == "published" else "accepted"
    ledger.conclude(intent.attempt, outcome, answer=sent.answer)
    fate.take(row, sent)


def _end_badly(progress: Progress, intent: Intent, error: JoblyError) -> dict[str, Any]:
    """Write down that the board did not take the job, or that we cannot know; then go on by type.

    Raises: the error the run decides by; returns when the row has its end.
    """
    with outcome(progress):
        row = locked(intent.distribution.pk)
        after = end_badly(progress, row, intent, error)
        crashpoint("dist.before_outcome")
    if after is not None:
        raise after from error
    return report(row)


def end_badly(
    progress: Progress, row: Distribution, intent: Intent, error: JoblyError
) -> JoblyError | None:
    """Write down an error and where it leaves the locked row; return what the run is to raise."""
    ledger.conclude(intent.attempt, _outcome_of(error), error=error)
    return _after(progress, row, error)


def _outcome_of(error: JoblyError) -> str:
    if isinstance(error, Unknown):
        return "unknown"
    return "unavailable" if isinstance(error, Unavailable) else "refused"


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
