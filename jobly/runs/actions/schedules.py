"""Work by the clock: each due time of a schedule leads to one run, whoever fires it."""

import json
import logging
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice

from django.conf import settings
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from jobly.errors import JoblyError
from jobly.runs.models import Run, Schedule, ScheduleSlot
from jobly.runs.reports.schedules import database_time, last_runs, timing
from jobly.runs.rules.clock import Clock, Every, coming, due_times, fields_of, parse_clock
from jobly.runs.rules.misfire import Fate, Rules, decide

from . import queues, start
from .outbox import transaction

LEDGER = 100  # missed slots that are written down one by one
MOST_COUNTED = 100_000  # and how many of those before them are counted
FIRE_TASK = "runs.fire"
SWEEP_TASK = "runs.sweep"
BEAT = {"queue": "default", "expire_seconds": 30}  # a worker sweeps for itself when it comes

log = logging.getLogger(__name__)


def ensure_schedules() -> int:
    """Create what is missing of `ON_CLOCK`, in beat's tables and ours; return how many.

    What exists is never overwritten: an operator may have changed it in the admin.
    """
    made = 0
    for clock, kinds in settings.RUN_ON_CLOCK.items():
        for kind in kinds:
            made += _ensure(kind, clock)
    sweeps = IntervalSchedule.objects.get_or_create(
        every=max(1, round(settings.RUN_SWEEP_SECONDS)), period=IntervalSchedule.SECONDS
    )[0]
    PeriodicTask.objects.get_or_create(
        name=SWEEP_TASK, defaults={"task": SWEEP_TASK, "interval": sweeps} | BEAT
    )
    queues.ensure_queues()
    return made


@transaction
def _ensure(kind: str, clock: str) -> bool:
    schedule, made = Schedule.objects.get_or_create(
        name=kind, defaults={"kind": kind, "clock": clock}
    )
    if made:
        tell_beat(schedule, parse_clock(clock))
    return made


def tell_beat(schedule: Schedule, clock: Clock) -> None:
    """Write into beat's tables when it has to fire a schedule, and whether."""
    row = PeriodicTask.objects.filter(name=schedule.name).first()
    row = row or PeriodicTask(name=schedule.name, task=FIRE_TASK, **BEAT)
    row.args = json.dumps([schedule.name])
    row.crontab, row.interval = _beat_clock(clock, schedule.timezone)
    row.enabled = schedule.enabled
    row.save()
    Schedule.objects.filter(pk=schedule.pk).update(periodic_task=row)


def _beat_clock(
    clock: Clock, zone: str
) -> tuple[CrontabSchedule, None] | tuple[None, IntervalSchedule]:
    if isinstance(clock, Every):
        seconds = int(clock.period.total_seconds())
        every = {"every": seconds, "period": IntervalSchedule.SECONDS}
        return None, IntervalSchedule.objects.get_or_create(**every)[0]
    names = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")
    fields = dict(zip(names, fields_of(clock), strict=True))
    return CrontabSchedule.objects.get_or_create(timezone=zone, **fields)[0], None


def fire_due() -> int:
    """Fire every schedule that has a slot nobody fired, beat or no beat; return how many runs.

    One that cannot be fired, for its clock or its kind, is left out and does not stop the others.
    """
    rows = list(Schedule.objects.switched_on().with_clock())
    now = database_time() if rows else None
    return sum(_fire_if_due(row, now) for row in rows if now is not None)


def _fire_if_due(schedule: Schedule, now: datetime) -> int:
    try:
        when = timing(schedule)
        due = next(coming(when.clock, when.zone, _since(schedule)), None)
        return len(fire(schedule.name)) if due is not None and due.at <= now else 0
    except (ValueError, JoblyError) as wrong:
        log.warning("schedule %s cannot be fired: %s", schedule.name, wrong)
        return 0


@transaction
def fire(name: str) -> list[Run]:
    """Claim the due slots of a schedule, each once whoever calls how often, and start their runs.

    Slots that nobody fired in time go by the schedule's misfire rule; one whose predecessor still
    runs by its overlap rule. What waits stays open for the next call. Emits: job.created.
    Raises: ValueError, UnknownKind, WrongArguments; nothing is recorded then.
    """
    schedule = (
        Schedule.objects.switched_on()
        .with_clock()
        .select_for_update(skip_locked=True, no_key=True, of=("self",))
        .filter(name=name)
        .first()
    )
    if schedule is None:
        return []
    now = database_time()
    missed = _missed(schedule, now)
    slots = list(islice(missed, LEDGER))[::-1]
    if not slots:
        return []
    rules = Rules(schedule.misfire, schedule.overlap, schedule.grace)
    spans = [run.span for run in last_runs([schedule.pk])[schedule.pk]]
    fates = decide(slots, spans, rules, now)
    earlier = sum(1 for _ in islice(missed, MOST_COUNTED)) if fates else 0
    return _record(schedule, fates, earlier)


def _since(schedule: Schedule) -> datetime:
    """Return up to when all due times are accounted for, as `with_clock` fetched it."""
    since: datetime = schedule.since  # type: ignore[attr-defined] # an annotation
    return since


def _missed(schedule: Schedule, now: datetime) -> Iterator[datetime]:
    """Yield the due slots after the last recorded one, the latest first."""
    when = timing(schedule)
    return due_times(when.clock, when.zone, _since(schedule), now)


def _record(schedule: Schedule, fates: Sequence[Fate], earlier: int) -> list[Run]:
    """Write down what becomes of each slot, the oldest first; it also speaks for those before."""
    runs, rows = [], []
    for fate in fates:
        row = ScheduleSlot(schedule=schedule, slot=fate.slot, outcome=fate.outcome, why=fate.why)
        if fate.outcome == "run":
            key = f"{schedule.pk}@{fate.slot.isoformat()}"
            row.run = start(schedule.kind, schedule.args, actor=None, key=key)
            runs.append(row.run)
        rows.append(row)
    if rows:
        rows[0].stands_for += earlier
        ScheduleSlot.objects.bulk_create(rows)
        Schedule.objects.filter(pk=schedule.pk).update(accounted_until=rows[-1].slot)
    return runs
