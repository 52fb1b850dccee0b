"""Many jobs on many channels: carry out a plan, stop at the first error, retry what failed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from distribution.actions import changes, fate, holding
from distribution.actions.follow import begin
from distribution.actions.publish import locked, publish_distribution
from distribution.errors import UnknownChannel
from distribution.models import Attempt, Channel, Distribution
from distribution.models.distributions import moved_by
from distribution.reports.planning import Step, jobs_of, plan
from distribution.rules import staggering, states
from jobly.errors import Conflict, JoblyError
from jobly.runs.actions import start_many
from jobly.runs.actions.progress import Progress
from jobly.runs.models import Run
from jobly.users.models import Company, User

Status = Distribution.Status
APPLY_BATCH = 100  # steps a transaction


def channels_named(company: Company, slugs: Sequence[str]) -> list[Channel]:
    """Return a company's channels by slug, in that order. Raises: UnknownChannel."""
    known = {row.slug: row for row in Channel.objects.filter(company=company)}
    missing = [slug for slug in slugs if slug not in known]
    if missing:
        have = ", ".join(known) or "none"
        raise UnknownChannel(
            f"{company.slug} has no channel {', '.join(missing)}; it has: {have}.",
            fields={"channels": [f"unknown: {slug}" for slug in missing]},
        )
    return [known[slug] for slug in dict.fromkeys(slugs)]


def apply_plan(progress: Progress, wish: dict[str, Any]) -> dict[str, Any]:
    """Make channels hold what they should; one run for each change, which this run waits for.

    `wish` is {company_id, upload_id?, job_ids?, channels, at?, skip_on_error, stagger?}, where
    stagger is {count, every: hour|day, weekdays?, zone?} from `at` on. Idempotent: what was
    carried out is not planned again, and what was given a moment keeps it.
    """
    company = Company.objects.get(pk=wish["company_id"])
    channels = channels_named(company, wish["channels"])
    upload_id = UUID(wish["upload_id"]) if wish.get("upload_id") else None
    jobs = jobs_of(company, upload_id=upload_id, job_ids=wish.get("job_ids") or ())
    steps = [step for step in plan(jobs, channels) if step.action != "none"]
    progress.tell(step=f"{len(steps)} changes")
    touched: list[str] = []
    when = _when(progress.run, steps, wish, company)
    for start in range(0, len(steps), APPLY_BATCH):
        with progress.transaction():
            some = steps[start : start + APPLY_BATCH]
            touched += map(str, _carry_out(progress, some, channels, wish, when))
    actions = Counter(step.action for step in steps)
    return {"planned": len(steps), **actions, "distributions": touched}


When = Mapping[int, datetime | None]


def _when(run: Run, steps: Sequence[Step], wish: dict[str, Any], company: Company) -> When:
    """Say when each new job goes out: now, at one moment, or one after the other."""
    jobs = [step.job for step in steps if _is_new(step)]
    at = datetime.fromisoformat(wish["at"]) if wish.get("at") else None
    if not wish.get("stagger"):
        return dict.fromkeys(jobs, at)
    told = staggering.of_wish(wish["stagger"], begins=at or run.created_at, zone=company.time_zone)
    planned = Distribution.objects.filter(plan_id=run.pk, scheduled_publish_at__isnull=False)
    known = dict(planned.values_list("job_id", "scheduled_publish_at"))
    return staggering.spread(jobs, told, known)  # type: ignore[arg-type] # none is null


def _is_new(step: Step) -> bool:
    return step.action == "create" and step.distribution is None


def _carry_out(
    progress: Progress,
    steps: Sequence[Step],
    channels: Sequence[Channel],
    wish: dict[str, Any],
    when: When,
) -> list[UUID]:
    """Write the rows of some steps and start their runs; return the distributions concerned."""
    by_slug = {channel.slug: channel for channel in channels}
    known = {
        "upload_id": UUID(wish["upload_id"]) if wish.get("upload_id") else None,
        "plan_id": progress.run.pk,
    }
    fresh = [
        _row(step.job, by_slug[step.channel], at=when[step.job], **known)
        for step in steps
        if _is_new(step)
    ]
    Distribution.objects.bulk_create(fresh, ignore_conflicts=True)
    ours = {row.pk for row in fresh}
    rows = list(Distribution.objects.filter(pk__in=ours).order_by("id"))
    stop = not wish.get("skip_on_error", True)
    for at in dict.fromkeys(row.scheduled_publish_at for row in rows):
        some = [row for row in rows if row.scheduled_publish_at == at]
        _start(some, actor=progress.run.actor, at=at, stop=stop)
    for step in steps:
        if step.distribution is not None:
            _change(step, actor=progress.run.actor)
    return [row.pk for row in rows] + [step.distribution for step in steps if step.distribution]


def _row(
    job_id: int, channel: Channel, *, at: datetime | None, **known: UUID | None
) -> Distribution:
    key = uuid7()
    return Distribution(
        id=key,
        company_id=channel.company_id,
        job_id=job_id,
        channel=channel,
        status=Status.SCHEDULED if at else Status.PENDING,
        scheduled_publish_at=at,
        external_id=Distribution.new_external_id(key),
        **known,
        **moved_by(),
    )


def _start(
    rows: list[Distribution], *, actor: User | None, at: datetime | None, stop: bool
) -> None:
    """Start one publication for each row; scheduled ones are nobody's children."""
    rows = holding.hold(rows, actor=actor)
    if not rows:
        return
    args = [{"distribution_id": str(row.pk), "stop_on_error": stop} for row in rows]
    runs = start_many(
        "distribution.publish",
        args,
        actor=actor,
        company=rows[0].company_id,
        after=at,
        detached=at is not None,
    )
    for row, run in zip(rows, runs, strict=True):
        row.run_id = run.pk
    Distribution.objects.bulk_update(rows, ["run_id"])


def _change(step: Step, *, actor: User | None) -> None:
    """Carry out one step on a distribution that is there; one that moved on is left alone."""
    row = locked(step.distribution)  # type: ignore[arg-type] # the caller looked
    try:
        if step.action == "create" and row.status in states.ON_THE_WAY:
            begin(row, actor=actor)
        elif step.action == "create":
            changes.send_again(row, actor=actor)
        elif step.action == "update":
            changes.start_change(row, Attempt.Op.UPDATE, actor=actor)
        else:
            changes.close_distribution(row, actor=actor)
    except JoblyError:
        return


def publish_one(
    progress: Progress, distribution_id: UUID, *, stop_on_error: bool
) -> dict[str, Any]:
    """Publish one distribution of many, unless it is to be left out because an earlier one failed.

    Emits and raises what `publish_distribution` does.
    """
    if stop_on_error and must_stop(progress.run):
        return leave_out(progress, distribution_id)
    return publish_distribution(progress, distribution_id)


def must_stop(run: Run) -> bool:
    """Whether a sibling of this run ended badly, so that nothing new is to be started (S1.13)."""
    siblings = Run.objects.filter(parent_id=run.parent_id).values("pk")
    bad = Distribution.objects.filter(run_id__in=siblings, status__in=states.BAD_ENDS)
    return run.parent_id is not None and bad.exists()


def leave_out(progress: Progress, distribution_id: UUID) -> dict[str, Any]:
    """End a publication that was never begun because an earlier one failed.

    Emits: DistributionClosed.
    """
    with progress.transaction():
        row = locked(distribution_id)
        if row.status == Status.PENDING and not row.attempts.exists():
            fate.close(row)
            text = "Not started: an earlier one failed."
            Distribution.objects.filter(pk=row.pk).update(error=text, error_code="stopped")
    progress.tell(skipped=1, total=1)
    return {"distribution_id": str(distribution_id), "status": "skipped"}


def retry_all(progress: Progress, distribution_ids: Sequence[UUID]) -> dict[str, Any]:
    """Retry many failed distributions, each in a run of its own; some may not be any more."""
    skipped = 0
    for start in range(0, len(distribution_ids), APPLY_BATCH):
        with progress.transaction():
            keys = distribution_ids[start : start + APPLY_BATCH]
            skipped += _retry_some(keys, actor=progress.run.actor)
    return {"retried": len(distribution_ids) - skipped, "skipped": skipped}


def _retry_some(keys: Sequence[UUID], *, actor: User | None) -> int:
    """Retry some distributions; return how many may not be."""
    skipped = 0
    for row in Distribution.objects.filter(pk__in=keys).order_by("id"):
        try:
            changes.retry_distribution(row, actor=actor)
        except Conflict:
            skipped += 1
    return skipped
