"""Work by the clock: each due time of a schedule leads to one run, whoever fires it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

from django.conf import settings
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from jobly.runs.models import Run, Schedule, ScheduleSlot
from jobly.runs.rules.clock import Clock, Every, due_times, parse_clock

from . import claims, start
from .outbox import transaction

CATCH_UP = 24  # slots that `run_all` makes good at most
LEDGER = 100  # missed slots that are written down one by one
FIRE_TASK = "runs.fire"
SWEEP_TASK = "runs.sweep"
BEAT = {"queue": "default", "expire_seconds": 30}  # a worker sweeps for itself when it comes


@dataclass(frozen=True, slots=True)
class Timing:
    """When a schedule is due, as its beat row says it, else its own text."""

    clock: Clock
    zone: ZoneInfo


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
    return made


@transaction
def _ensure(kind: str, clock: str) -> bool:
    schedule, made = Schedule.objects.get_or_create(
        name=kind, defaults={"kind": kind, "clock": clock}
    )
    if not made:
        return False
    parsed = parse_clock(clock)
    task = {"task": FIRE_TASK, "args": json.dumps([kind])} | BEAT
    if isinstance(parsed, Every):
        seconds = int(parsed.period.total_seconds())
        interval = IntervalSchedule.objects.get_or_create(
            every=seconds, period=IntervalSchedule.SECONDS
        )[0]
        task |= {"interval": interval}
    else:
        task |= {"crontab": _crontab_row(clock, schedule.timezone)}
    row = PeriodicTask.objects.get_or_create(name=kind, defaults=task)[0]
    Schedule.objects.filter(pk=schedule.pk).update(periodic_task=row)
    return True


def _crontab_row(clock: str, zone: str) -> CrontabSchedule:
    minute, hour, day, month, weekday = clock.split()
    return CrontabSchedule.objects.get_or_create(
        minute=minute,
        hour=hour,
        day_of_month=day,
        month_of_year=month,
        day_of_week=weekday,
        timezone=zone,
    )[0]


def timing(schedule: Schedule) -> Timing:
    """Return when a schedule is due; an operator's change to the beat row counts."""
    task = schedule.periodic_task
    if task is not None and task.crontab is not None:
        row = task.crontab
        fields = (row.minute, row.hour, row.day_of_month, row.month_of_year, row.day_of_week)
        return Timing(parse_clock(" ".join(fields)), ZoneInfo(str(row.timezone)))
    zone = ZoneInfo(schedule.timezone)
    if task is not None and task.interval is not None:
        return Timing(Every(task.interval.schedule.run_every), zone)
    return Timing(parse_clock(schedule.clock), zone)


def fire_due() -> int:
    """Fire every schedule that has a slot nobody fired, beat or no beat; return how many runs."""
    names = Schedule.objects.filter(enabled=True).values_list("name", flat=True)
    return sum(len(fire(name)) for name in list(names))


@transaction
def fire(name: str) -> list[Run]:
    """Claim the due slots of a schedule, each once whoever calls how often, and start their runs.

    Slots older than the grace go by the schedule's misfire rule; a slot whose predecessor still
    runs by its overlap rule, where `queue` leaves it for the next call. Emits: job.created.
    """
    schedule = (
        Schedule.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
        .select_related("periodic_task__crontab", "periodic_task__interval")
        .filter(name=name, enabled=True)
        .first()
    )
    if schedule is None or (schedule.periodic_task and not schedule.periodic_task.enabled):
        return []
    now = claims.clock()
    slots = _open_slots(schedule, now)
    if not slots:
        return []
    busy = schedule.overlap != Schedule.Overlap.ALLOW and _is_running(schedule)
    if busy and schedule.overlap == Schedule.Overlap.QUEUE:
        return []
    wanted = [] if busy else _wanted(schedule, slots, now)
    return _record(schedule, slots, wanted)


def _open_slots(schedule: Schedule, now: datetime) -> list[datetime]:
    """Return the due slots after the last recorded one, the latest first."""
    last = schedule.slots.order_by("-slot").values_list("slot", flat=True).first()
    since = last or schedule.created_at
    when = timing(schedule)
    return list(islice(due_times(when.clock, when.zone, since, now), LEDGER))


def _is_running(schedule: Schedule) -> bool:
    runs = schedule.slots.filter(run__isnull=False).values("run")
    return Run.objects.unfinished().filter(pk__in=runs).exists()


def _wanted(schedule: Schedule, slots: Sequence[datetime], now: datetime) -> list[datetime]:
    """Choose the slots that get a run by the misfire rule."""
    if schedule.misfire == Schedule.Misfire.RUN_ALL:
        return list(slots[:CATCH_UP])
    latest = slots[0]
    in_time = now - latest <= schedule.grace
    return [latest] if in_time or schedule.misfire == Schedule.Misfire.RUN_ONCE else []


def _record(schedule: Schedule, slots: Sequence[datetime], wanted: list[datetime]) -> list[Run]:
    """Write down what becomes of each slot, the oldest first."""
    runs, rows = [], []
    rest = ScheduleSlot.Outcome.COALESCED if wanted else ScheduleSlot.Outcome.SKIPPED
    for slot in reversed(slots):
        run = None
        if slot in wanted:
            key = f"{schedule.pk}@{slot.isoformat()}"
            run = start(schedule.kind, schedule.args, actor=None, key=key)
            runs.append(run)
        outcome = ScheduleSlot.Outcome.RUN if run else rest
        rows.append(ScheduleSlot(schedule=schedule, slot=slot, run=run, outcome=outcome))
    ScheduleSlot.objects.bulk_create(rows)
    return runs
