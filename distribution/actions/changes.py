"""What people and programs ask for: publish, schedule, retry, take down, renew, count, decide."""

from datetime import datetime
from typing import Any, Unpack
from uuid import UUID

from django.db import IntegrityError
from django.db import transaction as django_transaction
from django.db.models.functions import Coalesce, Now
from uuid_utils.compat import uuid7

from distribution import events
from distribution.actions import (
    fate,
    money,
    readings,
)
from distribution.actions.follow import begin
from distribution.actions.publish import locked
from distribution.actions.telling import emit
from distribution.errors import (
    AlreadyDistributed,
    DistributionMoved,
    NotDistributable,
    RetriesExhausted,
)
from distribution.models import Attempt, Channel, Distribution
from distribution.models.distributions import moved_by
from distribution.rules import states
from distribution.rules.answers import Seen
from ingestion.models import Job
from jobly.runs.actions import cancel, start, transaction
from jobly.runs.actions.claims import clock
from jobly.runs.models import Run
from jobly.users.models import User

Status = Distribution.Status
NEVER_SENT = {Status.PENDING, Status.SCHEDULED, Status.FAILED, Status.REJECTED}
IN_THE_AIR = {Status.SENDING, Status.UNKNOWN}  # nothing else is asked of the board meanwhile


@transaction
def create_distribution(
    job: Job,
    channel: Channel,
    *,
    actor: User | None,
    at: datetime | None = None,
    upload_id: UUID | None = None,
) -> Distribution:
    """Put a job on its way to a channel, now or at a moment; what lint finds shows at sending.

    The external id is fixed here and never made anew.
    Raises: NotDistributable, AlreadyDistributed.
    """
    row = add(job, channel, at=at, upload_id=upload_id, actor=actor)
    begin(row, actor=actor, after=at if row.status == Status.SCHEDULED else None)
    return row


def add(
    job: Job,
    channel: Channel,
    *,
    at: datetime | None = None,
    upload_id: UUID | None = None,
    actor: User | None = None,
) -> Distribution:
    """Insert the row of a job on a channel; nothing is started.

    Raises: NotDistributable, AlreadyDistributed.
    """
    _check(job, channel)
    key = uuid7()
    later = at is not None and at > clock()
    try:
        with django_transaction.atomic():
            return Distribution.objects.create(
                id=key,
                company_id=channel.company_id,
                job=job,
                channel=channel,
                upload_id=upload_id,
                status=Status.SCHEDULED if later else Status.PENDING,
                external_id=Distribution.new_external_id(key),
                scheduled_publish_at=at,
                **moved_by(actor),
            )
    except IntegrityError as exc:
        raise AlreadyDistributed(
            f"This job is on {channel.name} or on its way there already.",
            job=job.pk,
            channel=channel.slug,
        ) from exc


def _check(job: Job, channel: Channel) -> None:
    if job.company_id != channel.company_id:
        raise NotDistributable("Only a company's own jobs go to its channels.", job=job.pk)
    if not channel.enabled:
        raise NotDistributable(
            f"{channel.name} is switched off.", fields={"channel": ["switched off"]}
        )
    if job.status != Job.Status.LIVE:
        message = f"The job is {job.status}; only live jobs are published."
        raise NotDistributable(message, fields={"job": [message]})


@transaction
def reschedule(distribution: Distribution, at: datetime, *, actor: User | None) -> Distribution:
    """Move a publication that has not begun to another moment.

    Raises: DistributionMoved when it has begun.
    """
    row = locked(distribution.pk)
    if row.status == Status.SCHEDULED:
        row.move(Status.PENDING, actor=actor)
    for earlier in Run.objects.unfinished().filter(pk__in=filter(None, [row.run_id])):
        cancel(earlier, actor=actor)
    row.move(Status.SCHEDULED, actor=actor, scheduled_publish_at=at)
    begin(row, actor=actor, after=at)
    return row


def publish_now(distribution: Distribution, *, actor: User | None) -> Distribution:
    """Send at once what is scheduled for later. Raises: DistributionMoved when it has begun."""
    return reschedule(distribution, clock(), actor=actor)


@transaction
def retry_distribution(distribution: Distribution, *, actor: User | None) -> Distribution:
    """Send a failed or rejected distribution again, as often as it may be retried (S1.18).

    Raises: DistributionMoved, RetriesExhausted.
    """
    row = locked(distribution.pk)
    if row.status not in states.MAY_RETRY:
        raise DistributionMoved(
            f"A {row.status} distribution cannot be retried.", distribution=str(row.pk)
        )
    if row.retry_count >= row.max_retries:
        raise RetriesExhausted(
            f"It was retried {row.retry_count} times, which is the limit; close it and start anew.",
            distribution=str(row.pk),
        )
    return send_again(row, actor=actor, retry_count=row.retry_count + 1)


def send_again(row: Distribution, *, actor: User | None, **columns: Any) -> Distribution:
    """Open a new round under the same external id; the caller holds the row's lock."""
    row.move(
        Status.PENDING,
        actor=actor,
        **fate.CLEAN,
        attempts_before=row.attempts.count(),
        expires_at=None,
        **columns,
    )
    begin(row, actor=actor)
    return row


@transaction
def close_distribution(
    distribution: Distribution, *, actor: User | None, why: str = ""
) -> Distribution:
    """Take a job down from a board; at once if it never got there, else in a run.

    `why` is kept beside it. Closing twice changes nothing. Emits: DistributionClosed.
    Raises: DistributionMoved while an exchange with the board is open.
    """
    row = locked(distribution.pk)
    if row.status in states.ENDED:
        return row
    asked: dict[str, Any] = {"close_asked_at": Coalesce("close_asked_at", Now())}
    asked |= {"close_reason": why[:200]} if why else {}
    Distribution.everything.filter(pk=row.pk).update(**asked)
    if row.status in NEVER_SENT and not _may_be_there(row):
        fate.close(row, actor=actor)
    elif _may_close(row):
        start_change(row, Attempt.Op.CLOSE, actor=actor)
    elif row.status == Status.NEEDS_ATTENTION:
        fate.close(row, actor=actor)
    else:
        raise DistributionMoved(
            f"A {row.status} distribution cannot be closed until the board has answered.",
            distribution=str(row.pk),
        )
    return row


def _may_close(row: Distribution) -> bool:
    """Whether a board may be asked to take a posting down: it has it, and nothing is being sent."""
    known = row.status in states.ON_BOARD or bool(row.post_id)
    return known and row.status not in IN_THE_AIR


def _may_be_there(row: Distribution) -> bool:
    """Whether the board may have a posting that we never heard of."""
    last = row.attempts.creates().order_by("number").last()
    return last is not None and last.outcome in (None, Attempt.Outcome.UNKNOWN)


@transaction
def renew_distribution(distribution: Distribution, *, actor: User | None) -> Run:
    """Have a published job stay longer on its board. Raises: DistributionMoved."""
    return start_change(locked(distribution.pk), Attempt.Op.RENEW, actor=actor)


@transaction
def update_distribution(distribution: Distribution, *, actor: User | None) -> Run:
    """Have the board take over the job's present content. Raises: DistributionMoved."""
    return start_change(locked(distribution.pk), Attempt.Op.UPDATE, actor=actor)


def start_change(row: Distribution, op: str, *, actor: User | None, detached: bool = False) -> Run:
    """Start the run that updates, renews or closes what is on a board.

    Raises: DistributionMoved when there is nothing to change.
    """
    closing = op == Attempt.Op.CLOSE and _may_close(row)
    if not closing and row.status != Status.PUBLISHED:
        raise DistributionMoved(
            f"A {row.status} distribution cannot be changed on its board.",
            distribution=str(row.pk),
        )
    args: dict[str, Any] = {"distribution_id": str(row.pk)}
    kind = "distribution.close" if op == Attempt.Op.CLOSE else "distribution.update"
    if op != Attempt.Op.CLOSE:
        args["op"] = op
    return start(kind, args, actor=actor, company=row.company_id, detached=detached)


@transaction
def update_metrics(
    distribution: Distribution,
    *,
    source: str = "api",
    at: datetime | None = None,
    **counters: Unpack[readings.Counters],
) -> Distribution:
    """Set a distribution's counters; what is left out stays (S1.21).

    `source` says whose word it is, `at` when they stood so (now). Each reading is kept, one older
    than the newest of its source beside it. Emits: MetricsUpdated.
    """
    row = locked(distribution.pk)
    if not readings.note(row, counters, source=source, at=at):
        return row
    money.charge_clicks(row, row.clicks_count)
    money.charge_applies(row, row.applications_count)
    emit(
        events.MetricsUpdated(
            **fate.names(row),
            views=row.views_count,
            clicks=row.clicks_count,
            applications=row.applications_count,
        ),
        company=row.company_id,
    )
    return row


@transaction
def confirm_posted(
    distribution: Distribution, *, post_id: str, post_url: str = "", actor: User | None
) -> Distribution:
    """Take a person's word that the board has the job. Emits: DistributionPublished.

    Raises: DistributionMoved unless a person was asked.
    """
    row = _asked(distribution)
    fate.publish(row, Seen("live", post_id, post_url), actor=actor)
    return row


@transaction
def post_again(distribution: Distribution, *, actor: User | None) -> Distribution:
    """Take a person's word that the board has not got the job: send it under the same id.

    Raises: DistributionMoved unless a person was asked.
    """
    return send_again(_asked(distribution), actor=actor)


def _asked(distribution: Distribution) -> Distribution:
    row = locked(distribution.pk)
    if row.status != Status.NEEDS_ATTENTION:
        raise DistributionMoved(
            f"A {row.status} distribution waits for nobody's decision.", distribution=str(row.pk)
        )
    return row
