"""Rehearse a publication: the same jobs to practice boards that misbehave by plan."""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction as django_transaction
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from distribution import events
from distribution.actions import changes
from distribution.clients import rehearsing as client
from distribution.errors import DistributionMoved, NoRehearsal
from distribution.models import Attempt, Channel, Distribution, Rehearsal
from distribution.models.distributions import moved_by
from distribution.rules import rehearsals as rules
from distribution.rules import states
from ingestion.models import Job
from jobly.errors import Deferred
from jobly.runs.actions import emit, start, start_many, transaction
from jobly.runs.actions.claims import clock
from jobly.runs.actions.crash import crashpoint
from jobly.runs.actions.progress import Progress
from jobly.runs.models import Run
from jobly.users.models import Company, User

REHEARSE = "distribution.rehearse"
MOVING = states.ON_THE_WAY | {"accepted"}


@transaction
def start_rehearsal(
    company: Company, job_ids: Sequence[int], channels: Sequence[Channel], *, actor: User | None
) -> Rehearsal:
    """Begin to rehearse jobs on what stands in for some channels; real ones are not touched.

    Raises: NoRehearsal where nothing can be rehearsed, with the reason.
    """
    able = [row for row in channels if row.board in rules.PRACTICE]
    if not settings.SANDBOX_URL:
        raise NoRehearsal("The practice boards are not running; start `manage.py sandbox`.")
    if not able:
        raise NoRehearsal("Only LinkedIn, Indeed and REST boards are rehearsed; choose one.")
    rows = Job.objects.filter(pk__in=job_ids, company=company, status=Job.Status.LIVE)
    keys = list(rows.order_by("id").values_list("pk", flat=True))
    if not keys or len(keys) * len(able) > rules.MOST_PAIRS:
        most = f"{rules.MOST_PAIRS} publications at most"
        raise NoRehearsal(f"Choose open jobs, for {most}; nothing was started.")
    row = Rehearsal.objects.create(
        company=company, asked_by=actor, job_ids=keys, slugs=[one.slug for one in able]
    )
    args = {"rehearsal_id": str(row.pk)}
    run = start(REHEARSE, args, actor=actor, company=company)
    Rehearsal.objects.filter(pk=row.pk).update(run_id=run.pk)
    row.run_id = run.pk
    return row


def rehearse(progress: Progress, rehearsal_id: UUID) -> dict[str, Any]:
    """Send everything to the practice boards, wait until it rests, take it down, and report.

    Safe to repeat at any point: rows and faults are written before anything is sent.
    Emits: RehearsalEnded. Raises: Deferred while something moves.
    """
    row = Rehearsal.objects.select_related("company").get(pk=rehearsal_id)
    if row.ended_at is not None:
        return _told(row)
    if not row.plan:
        with progress.transaction():
            _set_up(row)
        crashpoint("dist.rehearsal_rows")
    client.set_script(settings.SANDBOX_URL, row.plan)
    with progress.transaction():
        _begin(row)
    _wait(row)
    if _take_down(progress, row):
        raise Deferred("Taking the rehearsed postings down.", until=clock() + rules.LOOK)
    entries = client.ledger_of(settings.SANDBOX_URL)
    with progress.transaction():
        _report(row, entries)
    return _told(row)


def _told(row: Rehearsal) -> dict[str, Any]:
    return {name: value for name, value in row.report.items() if name != "pairs"}


def _set_up(row: Rehearsal) -> None:
    """Write the hidden channels, one distribution a pair, and which fault meets which."""
    real = Channel.objects.filter(company=row.company_id, slug__in=row.slugs).order_by("slug")
    plan: dict[str, tuple[str, ...]] = {}
    for turn, channel in enumerate(real):
        stand_in = _stand_in(row, channel, turn)
        fresh = [_distribution(row, stand_in, job_id) for job_id in row.job_ids]
        Distribution.everything.bulk_create(fresh)
        plan |= rules.script_of([one.external_id for one in fresh], turn=turn * 2)
    row.plan = {name: list(kinds) for name, kinds in plan.items()}
    Rehearsal.objects.filter(pk=row.pk).update(plan=row.plan)


def _stand_in(row: Rehearsal, channel: Channel, turn: int) -> Channel:
    """Insert the hidden channel that plays a real one, with its limits and abilities."""
    client_id = f"rehearsal-{row.pk.hex}"
    columns = rules.practice_columns(channel.board, channel.options, client_id)
    played = Channel.of_kind(
        channel.board,
        company=channel.company,
        slug=f"r-{row.pk.hex}-{turn}-{channel.slug}"[:63],
        name=channel.name or channel.slug,
        limit_per_minute=channel.limit_per_minute,
        idempotent_create=channel.idempotent_create,
        lookup=channel.lookup,
        batch_size=channel.batch_size,
        rehearsal=row,
        **columns,
    )
    played.save(force_insert=True)
    return Channel.everything.get(pk=played.pk)


def _distribution(row: Rehearsal, channel: Channel, job_id: int) -> Distribution:
    key = uuid7()
    return Distribution(
        id=key,
        company_id=row.company_id,
        job_id=job_id,
        channel=channel,
        external_id=Distribution.new_external_id(key),
        rehearsal=row,
        because="Rehearsal",
        **moved_by(),
    )


def _rows(row: Rehearsal) -> list[Distribution]:
    rows = Distribution.everything.filter(rehearsal=row).select_related("channel", "job")
    return list(rows.order_by("channel", "id"))


def _begin(row: Rehearsal) -> None:
    """Start one publication for each row that has none; nobody waits for them but our looks."""
    rows = [one for one in _rows(row) if one.run_id is None and one.status == "pending"]
    if not rows:
        return
    args = [{"distribution_id": str(one.pk)} for one in rows]
    runs = start_many(
        "distribution.publish", args, actor=None, company=row.company_id, detached=True
    )
    for one, run in zip(rows, runs, strict=True):
        one.run_id = run.pk
    Distribution.everything.bulk_update(rows, ["run_id"])


def _wait(row: Rehearsal) -> None:
    """Come back later while something still moves and there is patience. Raises: Deferred."""
    if clock() >= row.created_at + rules.PATIENCE:
        return
    moving = sum(one.status in MOVING for one in _rows(row))
    if moving or _works(row):
        raise Deferred(f"{moving} still on their way.", until=clock() + rules.LOOK)


def _works(row: Rehearsal) -> bool:
    keys = [str(one.pk) for one in _rows(row)]
    runs = Run.objects.unfinished().filter(
        company_id=row.company_id, args__distribution_id__in=keys
    )
    return runs.exists()


def _take_down(progress: Progress, row: Rehearsal) -> bool:
    """Have the practice boards emptied again of what went live; True while that is under way."""
    if clock() >= row.created_at + rules.PATIENCE:
        return False
    live = [one for one in _rows(row) if one.status == "published"]
    for one in live:
        with progress.transaction():
            try:
                changes.close_distribution(one, actor=None)
            except DistributionMoved:
                continue
    return bool(live)


def _report(row: Rehearsal, entries: Sequence[client.Entry]) -> None:
    """Write down what happened, from our books and from the boards' ledger."""
    creates = Counter(one.external_id for one in entries if one.op == "create")
    refused = Counter(one.external_id for one in entries if one.op == "refused")
    asked = Attempt.objects.filter(distribution__rehearsal=row).values_list("distribution")
    attempts = Counter(key for (key,) in asked)
    pairs = [
        rules.Pair(
            distribution=str(one.pk),
            job=one.job_id,
            title=one.job.title,
            channel=one.channel.name,
            faults=tuple(row.plan.get(one.external_id, ())),
            status=one.status,
            error=one.error,
            attempts=attempts[one.pk],
            creates=creates[one.external_id],
            refused=refused[one.external_id],
            went_live=one.published_at is not None,
        )
        for one in _rows(row)
    ]
    row.report = rules.summary(pairs)
    Rehearsal.objects.filter(pk=row.pk).update(report=row.report, ended_at=Now())
    emit(
        events.RehearsalEnded(
            rehearsal_id=str(row.pk),
            total=row.report["total"],
            went_live=row.report["went_live"],
            doubles=row.report["doubles"],
        ),
        company=row.company_id,
    )


def tidy_rehearsals() -> dict[str, int]:
    """Forget rehearsals past their time with all that was theirs; running twice is harmless."""
    old = Rehearsal.objects.filter(created_at__lt=clock() - rules.KEEP)
    keys = list(old.values_list("pk", flat=True)[:100])
    with django_transaction.atomic():
        Distribution.everything.filter(rehearsal__in=keys).delete()
        Channel.everything.filter(rehearsal__in=keys).delete()
        Rehearsal.objects.filter(pk__in=keys).delete()
    return {"forgotten": len(keys)}
