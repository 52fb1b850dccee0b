"""Bring one job onto one channel, exactly once, whatever dies on the way (RELIABILITY §2.4)."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.functions import Now

from distribution.actions import boards, fate, holding, ledger
from distribution.actions.ends import end_badly, end_well
from distribution.actions.intents import Intent, prepare
from distribution.models import Distribution
from distribution.reports.content import TOLD
from distribution.rules import states
from distribution.rules.answers import Sent
from distribution.rules.approvals import WAITS
from jobly.errors import Deferred, JoblyError, Unknown
from jobly.runs.actions import claims, transaction
from jobly.runs.actions.crash import crashpoint
from jobly.runs.actions.progress import Progress

Status = Distribution.Status


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
        holding.hold_changed(distribution)
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
        end_well([(progress, row, intent, sent)])
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
        (begun,) = prepare([(progress, locked(distribution_id))])
    if isinstance(begun, Intent):
        return begun
    raise begun


def talk(progress: Progress, intent: Intent) -> Sent:
    """Have the exchange, with enough of the lease left to survive its timeout.

    Raises: what the client raises.
    """
    channel = intent.distribution.channel
    progress.hold(channel.call_timeout * 2)
    sent: Sent = boards.ask(channel, lambda client, link: client.send(link, intent.order))
    return sent


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
