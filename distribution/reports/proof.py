"""What is known of jobs on boards, gathered for many at once in a constant number of queries."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Window
from django.utils import timezone

from distribution.models import (
    Approval,
    Attempt,
    Channel,
    Distribution,
    DistributionMove,
    LiveLook,
    RoutingRule,
)
from distribution.rules import lint, proof, states
from distribution.rules.channels import RATE_WINDOW
from distribution.rules.why.telling import why
from distribution.rules.why.words import Why
from ingestion.models import Job, JobVersion
from jobly import limits
from jobly.runs.models import Run
from jobly.runs.reports.queues import paused
from jobly.users.models import User

from .content import content_for
from .receipts import receipts_for

Pair = tuple[int, UUID]  # a job's id and a channel's


@dataclass(frozen=True, slots=True)
class Known:
    """What was read for many distributions at once, by their ids, their runs' or their jobs'."""

    exchanges: dict[UUID, list[proof.Exchange]]
    looks: dict[UUID, list[proof.Look]]
    moves: dict[UUID, DistributionMove]
    runs: dict[UUID, Run]
    people: dict[UUID, str]
    closings: dict[int, JobVersion]
    receipts: dict[UUID, list[proof.Receipt]]
    approvals: dict[UUID, tuple[str, str]]  # its id, and what it says
    paused: Collection[str]


def facts_of(
    jobs: Sequence[Job], channels: Sequence[Channel], *, now: datetime | None = None
) -> dict[Pair, proof.Facts]:
    """Gather what is known of each job on each channel.

    Jobs come with what boards are told of them (`content.TOLD`). The distribution is the one that
    stands, else the last that ended.
    """
    rows = newest_rows(jobs, channels)
    known = _known(rows.values(), [job for job in jobs if job.status != Job.Status.LIVE])
    moment = now or timezone.now()
    boards = {channel.pk: board_now(channel, moment) for channel in channels}
    unrouted = _unrouted(channels)
    found: dict[Pair, proof.Facts] = {}
    for job in jobs:
        content = content_for(job)
        for channel in channels:
            row = rows.get((job.pk, channel.pk))
            findings: tuple[lint.Finding, ...] = ()
            if row is None or row.status in states.ENDED | {"rejected"}:
                around = lint.Around(moment)
                findings = lint.lint(channel.board, content, channel.all_options, around)
            withheld = lint.withheld(channel.board, content)
            found[job.pk, channel.pk] = proof.Facts(
                now=moment,
                job=_job_now(job, withheld, known, is_internal=not content.is_public),
                board=boards[channel.pk],
                findings=findings,
                unrouted=unrouted.get(channel.pk, ""),
                **(_of_row(row, known) if row is not None else {}),
            )
    return found


def why_each(jobs: Sequence[Job], channels: Sequence[Channel]) -> dict[Pair, Why]:
    """Say of each job on each channel, in one sentence, why it is there or not."""
    return {pair: why(facts) for pair, facts in facts_of(jobs, channels).items()}


def facts_about(row: Distribution) -> proof.Facts:
    """Gather what is known of one distribution, whose job, channel and `content.TOLD` are read."""
    known = _known([row], [row.job] if row.job.status != Job.Status.LIVE else [])
    content, moment = content_for(row.job), timezone.now()
    around = lint.Around(moment)
    findings = lint.lint(row.channel.board, content, row.channel.all_options, around)
    withheld = lint.withheld(row.channel.board, content)
    return proof.Facts(
        now=moment,
        job=_job_now(row.job, withheld, known, is_internal=not content.is_public),
        board=board_now(row.channel, moment),
        findings=findings,
        **_of_row(row, known),
    )


def newest_rows(jobs: Collection[Job], channels: Collection[Channel]) -> dict[Pair, Distribution]:
    """Return for each pair the distribution that stands, else the last that ended."""
    rows = Distribution.objects.filter(job__in=jobs, channel__in=channels)
    newest = rows.order_by("job_id", "channel_id", "-id").distinct("job_id", "channel_id")
    newest = newest.select_related("channel")
    return {(row.job_id, row.channel_id): row for row in newest}


def _known(rows: Iterable[Distribution], closed: Sequence[Job]) -> Known:
    """Read what belongs to some distributions and to jobs that are not live: nine queries."""
    many = list(rows)
    keys = [row.pk for row in many]
    moves = _last_moves(keys)
    wanted = {row.run_id for row in many if row.run_id is not None}
    versions = JobVersion.objects.filter(job__in=closed, how=JobVersion.How.STATUS)
    latest = versions.order_by("job_id", "-number").distinct("job_id").defer("values")
    closings = {one.job_id: one for one in latest.select_related("actor")}
    people = {move.actor_id for move in moves.values() if move.actor_id is not None}
    return Known(
        exchanges=_exchanges(keys),
        looks=_looks(keys),
        moves=moves,
        runs=Run.objects.defer("args", "result", "history").in_bulk(wanted),
        people={user.pk: str(user) for user in User.objects.filter(pk__in=people)},
        closings=closings,
        receipts=receipts_for(many),
        approvals=_approvals(keys),
        paused=list(paused()),
    )


def _exchanges(keys: Sequence[UUID]) -> dict[UUID, list[proof.Exchange]]:
    """Return the newest exchange of each kind and outcome, with how many of its kind there were."""
    rows = Attempt.objects.filter(distribution__in=keys).annotate(
        of_kind=Window(Count("pk"), partition_by=[F("distribution_id"), F("op")])
    )
    rows = rows.order_by("distribution_id", "op", "outcome", "-number")
    newest = rows.distinct("distribution_id", "op", "outcome").defer("request", "response")
    found: dict[UUID, list[proof.Exchange]] = defaultdict(list)
    for row in newest:
        found[row.distribution_id].append(
            proof.Exchange(
                str(row.pk),
                row.number,
                row.op,
                row.outcome or "",
                row.sent_at,
                row.ended_at,
                row.error,
                row.of_kind,  # type: ignore[attr-defined] # annotated above
            )
        )
    return found


def _looks(keys: Sequence[UUID]) -> dict[UUID, list[proof.Look]]:
    """Return the newest look that came to each verdict."""
    rows = LiveLook.objects.filter(distribution__in=keys).defer("evidence")
    newest = rows.order_by("distribution_id", "verdict", "-id").distinct(
        "distribution_id", "verdict"
    )
    found: dict[UUID, list[proof.Look]] = defaultdict(list)
    for row in newest:
        look = proof.Look(str(row.pk), row.at, row.way, row.verdict, row.why, row.url)
        found[row.distribution_id].append(look)
    return found


def _approvals(keys: Sequence[UUID]) -> dict[UUID, tuple[str, str]]:
    """Say of publications that wait for a yes who asked for it and when."""
    rows = Approval.objects.open().filter(distribution__in=keys).select_related("asked_by")
    shape = "{who} asked for it at {at:%H:%M} UTC on {at.day} {at:%b}"
    return {
        row.distribution_id: (
            str(row.pk),
            shape.format(who=row.asked_by or "a rule", at=row.asked_at),
        )
        for row in rows
    }


def _unrouted(channels: Sequence[Channel]) -> dict[UUID, str]:
    """Say of channels that rules lead to that no rule led a job there."""
    rules = RoutingRule.objects.active().filter(channels__in=channels).order_by()
    counts = dict(rules.values_list("channels").annotate(n=Count("pk")))
    return {
        key: f"none of the {n} rules that lead there took it"
        if n > 1
        else "the one rule that leads there did not take it"
        for key, n in counts.items()
    }


def _last_moves(keys: Sequence[UUID]) -> dict[UUID, DistributionMove]:
    rows = DistributionMove.objects.filter(distribution__in=keys)
    newest = rows.order_by("distribution_id", "-id").distinct("distribution_id")
    return {row.distribution_id: row for row in newest}


def _of_row(row: Distribution, known: Known) -> dict[str, Any]:
    """Return the facts that belong to a distribution."""
    return {
        "row": _row_now(row, known),
        "exchanges": sorted(known.exchanges.get(row.pk, ()), key=lambda one: one.number),
        "looks": known.looks.get(row.pk, ()),
        "receipts": known.receipts.get(row.pk, ()),
        "approval": known.approvals.get(row.pk, ("", ""))[1],
        "approval_id": known.approvals.get(row.pk, ("", ""))[0],
        "work": _work_now(known.runs.get(row.run_id) if row.run_id else None, known.paused),
    }


def _row_now(row: Distribution, known: Known) -> proof.Row:
    move = known.moves.get(row.pk)
    person = known.people.get(move.actor_id, "") if move and move.actor_id else ""
    return proof.Row(
        id=str(row.pk),
        status=row.status,
        created_at=row.created_at,
        moved_at=move.at if move is not None else row.updated_at,
        error=row.error,
        error_code=row.error_code,
        error_field=row.error_field,
        scheduled_at=row.scheduled_publish_at,
        accepted_at=row.accepted_at,
        unknown_since=row.unknown_since,
        next_look_at=row.next_look_at,
        published_at=row.published_at,
        closed_at=row.closed_at,
        retries_left=max(0, row.max_retries - row.retry_count),
        by=person,
        because=(row.close_reason or (move.because if move is not None else ""))
        if row.status in states.ENDED
        else "",
        asked_again=row.close_asks,
        left_over_at=row.left_over_at,
    )


def _work_now(run: Run | None, waiting: Collection[str]) -> proof.WorkNow | None:
    if run is None:
        return None
    queued = run.status == Run.Status.QUEUED
    is_paused = queued and run.queue in waiting
    return proof.WorkNow(str(run.pk), run.status, run.available_at, run.error, is_paused)


def _job_now(job: Job, withheld: str, known: Known, *, is_internal: bool) -> proof.JobNow:
    closing = known.closings.get(job.pk)
    return proof.JobNow(
        id=job.pk,
        title=job.title,
        status=job.status,
        is_ours=job.company_id is not None,
        withheld=withheld,
        is_internal=is_internal,
        closed_at=closing.at if closing else None,
        closed_by=str(closing.actor) if closing and closing.actor else "",
        closed_why=closing.why if closing else "",
    )


def board_now(channel: Channel, now: datetime) -> proof.BoardNow:
    """Say how a channel is: two words with Valkey, no query."""
    if not channel.is_called:
        return proof.BoardNow(
            str(channel.pk),
            str(channel),
            channel.enabled,
            is_internal=channel.is_internal,
            is_feed=channel.is_fetched,
            via_indeed=channel.is_mirrored,
            off_why=channel.switched_off_why,
        )
    breaker = limits.breaker_state(channel.breaker_key)
    limit = channel.limit_per_minute
    left = limits.peek(channel.limit_key, limit=limit, window=RATE_WINDOW)
    return proof.BoardNow(
        id=str(channel.pk),
        name=str(channel),
        enabled=channel.enabled,
        has_credentials=bool(channel.credentials),
        refused=channel.credentials_refused,
        refused_at=channel.credentials_refused_at,
        off_why=channel.switched_off_why,
        is_open=breaker.state != "closed",
        probe_in=breaker.opens_for,
        parked_until=channel.parked_until if (channel.parked_until or now) > now else None,
        quota_wait=timedelta(0) if left.left else left.resets_in,
        limit_per_minute=limit,
        typical=channel.poll_delay,
        patience=channel.poll_until,
    )
