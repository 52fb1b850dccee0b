"""See a posting's stay on its board through: remind, renew, list anew, end, and see it gone."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet
from django.db.models.functions import Now

from distribution import events
from distribution.actions import boards, changes, fate, ledger, leftovers, sweep
from distribution.actions.follow import begin, see_today
from distribution.actions.publish import locked, report
from distribution.errors import DistributionMoved
from distribution.models import Channel, Distribution
from distribution.reports import overdue
from distribution.reports.unfetched import unfetched
from distribution.reports.works import key_of, not_begun
from distribution.rules import states, stays
from ingestion.models import Job
from jobly.errors import JoblyError
from jobly.runs.actions import emit, start, transaction
from jobly.runs.actions.claims import clock
from jobly.runs.actions.progress import Progress
from jobly.users.models import User

Status = Distribution.Status
BATCH = 1000  # rows a sweep looks at
AT_ONCE = 100  # postings a transaction
GONE_AFTER = timedelta(minutes=10)  # boards need a while to drop what was taken down
GONE_UNTIL = timedelta(days=14)  # after this nobody asks any more


@transaction
def keep_stays() -> dict[str, int]:
    """Do what is due at the ends of stays. Run by the clock; running twice changes nothing.

    Emits: DistributionExpiring, OverdueFound.
    """
    return {
        "reminded": _remind(),
        "renewed": _begin_all(_to_renew(), "renew"),
        "relisted": _relist_due(),
        "ended": _begin_all(_stays().filter(expires_at__lte=clock()), "end"),
        "looked_for": _begin_all(_to_see_gone(), "gone"),
        "leftovers": sweep.close_leftovers(),
        "overdue": _tell_overdue(),
    }


def _stays() -> QuerySet[Distribution]:
    """Return what is live with an end ahead or behind."""
    rows = Distribution.objects.filter(status=Status.PUBLISHED, expires_at__isnull=False)
    return rows.filter(channel__enabled=True).select_related("channel", "job")


def _remind() -> int:
    """Tell once a stay that it ends soon."""
    now = clock()
    soon = _stays().filter(
        reminded_at=None,
        expires_at__gt=now,
        expires_at__lte=now + stays.REMIND_BEFORE,
        job__status=Job.Status.LIVE,
    )
    rows = list(soon.select_for_update(of=("self",), skip_locked=True, no_key=True)[:BATCH])
    for row in rows:
        fact = events.DistributionExpiring(
            **fate.names(row),
            expires_at=row.expires_at.isoformat() if row.expires_at else "",
            at_end=row.channel.at_end,
        )
        emit(fact, company=row.company_id)
    Distribution.objects.filter(pk__in=[row.pk for row in rows]).update(reminded_at=now)
    return len(rows)


def _nearing(now: datetime) -> QuerySet[Distribution]:
    """Return live jobs' stays that are within their channel's days before the end."""
    rows = _stays().filter(expires_at__gt=now, expires_at__lte=Now() + overdue.BEFORE)
    # where the job itself ends then, nothing is made longer
    return rows.filter(job__status=Job.Status.LIVE).exclude(job__expires_at__lte=F("expires_at"))


def _to_renew() -> QuerySet[Distribution]:
    return _nearing(clock()).filter(
        channel__at_end=Channel.AtEnd.RENEW,
        channel__kind__in=stays.RENEWED,
        renewals__lt=F("channel__renew_most"),
    )


def _relist_due() -> int:
    """List anew what its channel's rule says; a board that cannot renew is treated so too."""
    rows = (
        _nearing(clock())
        .exclude(channel__at_end=Channel.AtEnd.REMIND)
        .exclude(channel__at_end=Channel.AtEnd.RENEW, channel__kind__in=stays.RENEWED)
        .filter(relist_asked_at=None, relists__lt=F("channel__renew_most"))
        .order_by("expires_at")
    )
    return sum(_calmly(relist, row, actor=None) for row in rows[:BATCH])


def _to_see_gone() -> QuerySet[Distribution]:
    """Return what was taken down a while ago and whose board can be asked whether it is gone."""
    now = clock()
    rows = Distribution.objects.filter(
        status__in=states.ENDED,
        published_at__isnull=False,
        gone_at=None,
        closed_at__lt=now - GONE_AFTER,
        closed_at__gt=now - GONE_UNTIL,
        channel__lookup=True,
        channel__enabled=True,
    ).exclude(channel__kind=Channel.Kind.INTERNAL)
    seen_lately = {"still_there_at__gt": now - stays.LOOK_AGAIN}
    return rows.exclude(**seen_lately).select_related("channel")


KINDS = {
    "renew": "distribution.update",
    "end": "distribution.end_stay",
    "gone": "distribution.see_gone",
}


def _begin_all(rows: QuerySet[Distribution], what: str) -> int:
    """Start one run for each row, at most one a day for the same: its key says which.

    Those that were begun and stand as they did are left out: they hide no others.
    """
    count, now = 0, clock()
    for row in not_begun(rows, KINDS[what], what, now).order_by("pk")[:BATCH]:
        args: dict[str, Any] = {"distribution_id": str(row.pk)}
        if what == "renew":
            args["op"] = what
        start(
            KINDS[what],
            args,
            actor=None,
            company=row.company_id,
            key=key_of(row, what, now),
        )
        count += 1
    return count


def _tell_overdue() -> int:
    """Tell each company once a day what waits longer than it should. Emits: OverdueFound."""
    found = overdue.by_company()
    for company_id, channels in unfetched(clock()).items():
        names = ", ".join(map(str, channels))
        text = f"feeds are not fetched as usual ({names})"
        delay = overdue.Delay("feed_not_fetched", text, len(channels))
        found.setdefault(company_id, []).append(delay)
    for company_id, delays in found.items():
        count = sum(delay.count for delay in delays)
        text = "; ".join(f"{delay.count} {delay.text}" for delay in delays)
        start(
            "distribution.tell_overdue",
            {"count": count, "text": text},
            actor=None,
            company=company_id,
            key=f"overdue:{company_id}:{clock():%Y%m%d}",
        )
    return len(found)


def tell_overdue(progress: Progress, count: int, text: str) -> dict[str, Any]:
    """Tell a company what waits too long. Emits: OverdueFound."""
    fact = events.OverdueFound(count=count, text=text)
    emit(fact, company=progress.run.company_id)
    return {"overdue": count}


def end_stay(progress: Progress, distribution_id: UUID) -> dict[str, Any]:
    """End a stay whose time is over, after a look at the board where it can be asked.

    Where the job itself has ended, or the board is ours, it is taken down. What a board shows
    longer than it said stays published, and is looked at again a day later.
    Emits: DistributionClosed. Raises: Deferred, Unavailable.
    """
    row = Distribution.objects.select_related("channel", "job").get(pk=distribution_id)
    if not _is_over(row):
        return report(row)
    job_ended = row.job.expires_at is not None and row.job.expires_at <= clock()
    if job_ended or row.channel.is_internal:
        with progress.transaction():
            changes.close_distribution(row, actor=None, why=stays.ENDED)
        return report(row)
    boards.admit(row, submits=False)
    progress.checkpoint()
    can_be_asked = row.channel.lookup or bool(row.task_id)
    seen = see_today(row) if can_be_asked else None
    with progress.transaction():
        row = locked(distribution_id)
        if not _is_over(row):
            return report(row)
        if seen is not None:
            word = "absent" if seen.state == "absent" else "found"
            ledger.note(row, "lookup", word, fence=progress.run.fence, answer=seen.answer)
        if seen is None or seen.state in ("absent", "refused"):
            Distribution.objects.filter(pk=row.pk).update(
                close_reason=stays.ENDED, gone_at=Now() if seen else None
            )
            fate.close(row, Status.EXPIRED)
        else:
            Distribution.objects.filter(pk=row.pk).update(expires_at=clock() + stays.LOOK_AGAIN)
    return report(row)


def _is_over(row: Distribution) -> bool:
    ended = row.expires_at is not None and row.expires_at <= clock()
    return row.status == Status.PUBLISHED and ended


def see_gone(progress: Progress, distribution_id: UUID) -> dict[str, Any]:
    """See whether a board still shows what was taken down, and write it down.

    Emits: DistributionLeftOver. Raises: Deferred, Unavailable.
    """
    row = Distribution.objects.select_related("channel", "job").get(pk=distribution_id)
    if row.status not in states.ENDED or row.gone_at is not None:
        return report(row)
    boards.admit(row, submits=False)
    progress.checkpoint()
    seen = see_today(row)
    with progress.transaction():
        row = locked(distribution_id)
        word = "absent" if seen.state in ("absent", "refused") else "found"
        ledger.note(row, "lookup", word, fence=progress.run.fence, answer=seen.answer)
        (leftovers.gone if word == "absent" else leftovers.found)(row)
    return {**report(row), "gone": word == "absent"}


@transaction
def relist(distribution: Distribution, *, actor: User | None) -> Distribution:
    """List a job anew: what stands is taken down, then a new publication begins by itself.

    What has ended already begins at once. Idempotent. Raises: DistributionMoved when it never was
    on the board, or its job is not live.
    """
    row = locked(distribution.pk)
    if row.job.status != Job.Status.LIVE:
        raise DistributionMoved(
            f"The job is {row.job.status}; only live jobs are listed anew.",
            distribution=str(row.pk),
        )
    if row.status not in states.ENDED | {Status.PUBLISHED}:
        raise DistributionMoved(
            f"A {row.status} distribution cannot be listed anew: retry it, or close it first.",
            distribution=str(row.pk),
        )
    Distribution.objects.filter(pk=row.pk).update(relist_asked_at=Now())
    if row.status in states.ENDED:
        follow_up_relist(row.pk, actor=actor)
    else:
        changes.close_distribution(row, actor=actor, why="Listed anew.")
    return row


def _calmly(change: Callable[..., Any], row: Distribution, *, actor: User | None) -> bool:
    """Change one publication; return whether it may be."""
    try:
        change(row, actor=actor)
    except JoblyError:
        return False
    return True


@transaction
def follow_up_relist(distribution_id: UUID, *, actor: User | None = None) -> dict[str, Any]:
    """Begin the new publication of a job that was taken down to be listed anew. Idempotent."""
    old = locked(distribution_id)
    fresh = Distribution.objects.filter(relisted_from=old).first()
    standing = Distribution.objects.standing().filter(job=old.job_id, channel=old.channel_id)
    if fresh is None and old.job.status == Job.Status.LIVE and not standing.exists():
        fresh = changes.add(old.job, old.channel, upload_id=old.upload_id)
        Distribution.objects.filter(pk=fresh.pk).update(
            relisted_from=old, relists=old.relists + 1 if actor is None else 0
        )
        begin(fresh, actor=actor)
    return {"distribution_id": str(fresh.pk) if fresh else None}


def relist_all(progress: Progress, distribution_ids: Sequence[UUID]) -> dict[str, Any]:
    """List many jobs anew; what may not be is counted and left alone."""
    _each(progress, distribution_ids, relist)
    return {"relisted": progress.position.done, "not_relisted": progress.position.skipped}


def close_all(progress: Progress, distribution_ids: Sequence[UUID]) -> dict[str, Any]:
    """Take many publications down; what may not be is counted and left alone."""
    _each(progress, distribution_ids, changes.close_distribution)
    return {"closed": progress.position.done, "not_closed": progress.position.skipped}


def _each(progress: Progress, keys: Sequence[UUID], change: Callable[..., Any]) -> None:
    """Change many publications of the run's company, some a transaction; goes on where it was."""
    run = progress.run
    done, skipped = progress.position.done, progress.position.skipped
    while (first := done + skipped) < len(keys):
        some = keys[first : first + AT_ONCE]
        with progress.transaction():
            rows = Distribution.objects.filter(pk__in=some, company=run.company).order_by("id")
            took = sum(_calmly(change, row, actor=run.actor) for row in rows)
            done, skipped = done + took, skipped + len(some) - took
            progress.keep(done=done, skipped=skipped, total=len(keys))
        progress.tell(done=done, skipped=skipped, total=len(keys))


def close_everywhere(
    progress: Progress, job_ids: Sequence[int], why: str, channels: Sequence[str] = ()
) -> dict[str, Any]:
    """Take jobs down from every board, or from some; each keeps the reason. Idempotent."""
    closed, waiting = 0, []
    standing = Distribution.objects.standing()
    rows = standing.filter(job__in=job_ids, company=progress.run.company)
    rows = rows.filter(channel__slug__in=channels) if channels else rows
    for row in rows.select_related("channel").order_by("id"):
        with progress.transaction():
            try:
                changes.close_distribution(row, actor=progress.run.actor, why=why)
                closed += 1
            except DistributionMoved as moved:
                waiting.append(f"{row.channel.name}: {moved.message}")
    return {"closed": closed, "waiting": waiting}
