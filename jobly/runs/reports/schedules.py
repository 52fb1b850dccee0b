"""Reads of schedules: when they are due, what became of them, how their last runs went."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from statistics import median
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from jobly.runs.models import Schedule
from jobly.runs.rules.clock import Clock, Due, Every, coming, fields_of, parse_clock, zone_named
from jobly.runs.rules.misfire import CATCH_UP, Span

LAST_RUNS = CATCH_UP + 1  # of a schedule; as many as one call may have started, and one before
NEXT_TIMES = 5

# a schedule's last runs by the clock, and the last one that a person started
LAST = """
    SELECT s.id, found.slot, r.id, r.kind, r.queue, r.status, r.created_at, r.started_at,
        r.finished_at, r.error
    FROM runs_schedule s
    CROSS JOIN LATERAL (
        (SELECT slot, run_id FROM runs_scheduleslot
         WHERE schedule_id = s.id AND run_id IS NOT NULL ORDER BY slot DESC LIMIT %(limit)s)
        UNION ALL SELECT NULL, s.by_hand_id WHERE s.by_hand_id IS NOT NULL
    ) found
    JOIN runs_run r ON r.id = found.run_id
    WHERE s.id = ANY(%(ids)s)
    ORDER BY s.id, r.created_at DESC, r.id DESC
"""


@dataclass(frozen=True, slots=True)
class Timing:
    """When a schedule is due, as its beat row says it, else its own text."""

    clock: Clock
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class LastRun:
    """One run of a schedule; `slot` is None where a person started it."""

    slot: datetime | None
    id: UUID
    kind: str
    queue: str
    status: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: str

    @property
    def span(self) -> Span:
        """Return from when to when it was in the way of others."""
        return Span(self.created_at, self.finished_at)

    @property
    def took(self) -> timedelta | None:
        """Return how long its work took, waiting not counted; None while that is open."""
        return self.finished_at - self.started_at if self.started_at and self.finished_at else None


def timing(schedule: Schedule) -> Timing:
    """Return when a schedule is due; a change of the beat row counts.

    Raises: ValueError when nobody can read its clock or zone.
    """
    task = schedule.periodic_task
    if task is not None and task.crontab is not None:
        row = task.crontab
        fields = (row.minute, row.hour, row.day_of_month, row.month_of_year, row.day_of_week)
        return Timing(parse_clock(" ".join(fields)), ZoneInfo(str(row.timezone)))
    zone = zone_named(schedule.timezone)
    if task is not None and task.interval is not None:
        return Timing(Every(task.interval.schedule.run_every), zone)
    return Timing(parse_clock(schedule.clock), zone)


def next_due(when: Timing, after: datetime, count: int = NEXT_TIMES) -> list[Due]:
    """Return the next due times behind an instant."""
    return list(islice(coming(when.clock, when.zone, after), count))


def last_runs(ids: Iterable[UUID], limit: int = LAST_RUNS) -> dict[UUID, list[LastRun]]:
    """Return the last runs of some schedules, the youngest first, in one query."""
    found: dict[UUID, list[LastRun]] = {key: [] for key in ids}
    params: dict[str, Any] = {"ids": list(found), "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(LAST, params)
        for schedule, *columns in cursor.fetchall():
            found[schedule].append(LastRun(*columns))
    return found


def usual_length(runs: Iterable[LastRun]) -> timedelta | None:
    """Return the median of what successful runs took; None without any."""
    ended_well = (run.took for run in runs if run.status == "succeeded")
    lengths = [took.total_seconds() for took in ended_well if took is not None]
    return timedelta(seconds=median(lengths)) if lengths else None


def database_time() -> datetime:
    """Return the database's time: every other clock may be wrong."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now


def written_clock(schedule: Schedule) -> tuple[str, str]:
    """Return clock and zone in force as a person would write them, whoever changed them."""
    try:
        when = timing(schedule)
        own = Timing(parse_clock(schedule.clock), zone_named(schedule.timezone))
    except ValueError:
        return schedule.clock, schedule.timezone
    if when == own:
        return schedule.clock, schedule.timezone
    if isinstance(when.clock, Every):
        return f"every {when.clock.period.total_seconds():.0f} s", when.zone.key
    return " ".join(fields_of(when.clock)), when.zone.key
