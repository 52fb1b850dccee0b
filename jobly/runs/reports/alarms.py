"""What is wrong at this moment with schedules, workers and the clock, as anybody can read it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from jobly.runs.models import Queue, Schedule, SignOfLife
from jobly.runs.rules.alarms import (
    UNSERVED_AFTER,
    dead_after,
    long_limit,
    silence_limit,
)
from jobly.runs.rules.clock import coming
from jobly.runs.rules.timeline import lasting
from jobly.runs.rules.words import in_words

from .queues import due_queues, paused
from .schedules import LastRun, Timing, database_time, last_runs, next_due, timing, usual_length

What = Literal["late", "long", "silent", "unreadable", "unserved", "beat"]
BEAT, WORKER = "beat:", "worker:"
IN_SHORT = {
    "late": "late",
    "long": "runs long",
    "silent": "silent",
    "unreadable": "no clock",
    "unserved": "no worker",
    "beat": "no clock",
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong: what, with which schedule or queue, since when, and in words.

    `detail` is a sentence for the page of what it is about; `text` names that too.
    """

    what: What
    subject: str
    detail: str
    since: datetime
    work: str = ""
    schedule: UUID | None = None
    run: UUID | None = None

    @property
    def text(self) -> str:
        """Say it where nobody knows what it is about."""
        return (
            f"{self.work}: {self.detail[:1].lower()}{self.detail[1:]}" if self.work else self.detail
        )

    @property
    def in_short(self) -> str:
        """Say it in a word or two."""
        return IN_SHORT[self.what]

    @property
    def key(self) -> str:
        """Name it, so that it is told once."""
        return f"{self.what}:{self.subject}"


@dataclass(frozen=True, slots=True)
class Standing:
    """One schedule as it is now; `when` is None if its clock cannot be read."""

    schedule: Schedule
    when: Timing | None
    runs: list[LastRun]
    troubles: list[Trouble]
    now: datetime

    @property
    def last(self) -> LastRun | None:
        """Return its youngest run."""
        return self.runs[0] if self.runs else None


@dataclass(frozen=True, slots=True)
class _Looked:
    """What is looked at of a schedule, and beside it."""

    schedule: Schedule
    when: Timing
    runs: list[LastRun]
    paused: Mapping[str, Queue]
    now: datetime


def standings(**narrowed: str | UUID) -> list[Standing]:
    """Return every schedule as it is now, by name, in a constant number of queries."""
    rows = list(Schedule.objects.with_clock().filter(**narrowed).order_by("name"))
    runs = last_runs([row.pk for row in rows])
    held, now = paused(), database_time()
    return [_standing(row, runs[row.pk], held, now) for row in rows]


def troubles(rows: list[Standing] | None = None) -> list[Trouble]:
    """Return what is wrong now, in a constant number of queries; `rows` if one has them."""
    known = standings() if rows is None else rows
    return [*(trouble for one in known for trouble in one.troubles), *watchdogs()]


def watchdogs() -> list[Trouble]:
    """Return what is wrong with workers and the clock themselves."""
    signs, now = list(SignOfLife.objects.order_by("name")), database_time()
    return [*_unserved(signs, now), *_beat(signs, now)]


def living(prefix: str) -> list[SignOfLife]:
    """Return the signs of those who live, of one sort, by name."""
    now = database_time()
    rows = SignOfLife.objects.filter(name__startswith=prefix).order_by("name")
    return [sign for sign in rows if alive(sign, now)]


def alive(sign: SignOfLife, now: datetime) -> bool:
    """Whether somebody showed life lately enough, by the database's clock."""
    return now - sign.seen_at <= dead_after(sign.every)


def _standing(
    row: Schedule, runs: list[LastRun], held: Mapping[str, Queue], now: datetime
) -> Standing:
    try:
        when = timing(row)
    except ValueError as wrong:
        text = f"Nobody can read when it is due: {wrong}"
        trouble = Trouble("unreadable", row.name, text, now, in_words(row.kind), row.pk)
        return Standing(row, None, runs, [trouble] if row.enabled else [], now)
    looked = _Looked(row, when, runs, held, now)
    fires = row.enabled and (row.periodic_task is None or row.periodic_task.enabled)
    found = [check(looked) for check in (_late, _long, _silent)] if fires else [_long(looked)]
    return Standing(row, when, runs, [one for one in found if one is not None], now)


def _late(looked: _Looked) -> Trouble | None:
    """See whether a slot has fallen due that nobody fired, or whose run nobody began."""
    row, now = looked.schedule, looked.now
    busy = any(run.finished_at is None for run in looked.runs)
    since: datetime = row.since  # type: ignore[attr-defined] # with_clock annotates it
    due = next(coming(looked.when.clock, looked.when.zone, since), None)
    in_turn = row.overlap == Schedule.Overlap.QUEUE or row.misfire == Schedule.Misfire.RUN_ALL
    waits = busy and in_turn and row.overlap != Schedule.Overlap.ALLOW
    if due is not None and not waits and now - due.at > row.grace:
        text = f"Was due {lasting(now - due.at)} ago and was not started"
        return _of(looked, "late", text, due.at)
    for run in looked.runs:
        held = run.status != "queued" or run.started_at is not None or run.queue in looked.paused
        waited = now - run.created_at
        if not held and waited > row.grace:
            text = f"Has waited {lasting(waited)} for a worker in the queue {run.queue}"
            return _of(looked, "late", text, run.created_at, run.id)
    return None


def _long(looked: _Looked) -> Trouble | None:
    """See whether a run takes longer than it should."""
    limit = long_limit(looked.schedule.long_after, usual_length(looked.runs))
    for run in looked.runs:
        if run.finished_at is not None or run.started_at is None:
            continue
        if run.status == "running" and looked.now - run.started_at > limit:
            text = f"Runs for {lasting(looked.now - run.started_at)}, longer than {lasting(limit)}"
            return _of(looked, "long", text, run.started_at, run.id)
    return None


def _silent(looked: _Looked) -> Trouble | None:
    """See whether there was no success for too long; a pause of its queue is no silence."""
    row, now = looked.schedule, looked.now
    if any(run.queue in looked.paused and run.finished_at is None for run in looked.runs):
        return None
    ends = [run.finished_at for run in looked.runs if run.status == "succeeded"]
    begin = row.watched_since or row.created_at
    known = [at for at in (*ends, row.succeeded_at, begin) if at is not None]
    due = [one.at for one in next_due(looked.when, now, 8)]
    limit = silence_limit(row.silent_after, due, row.grace)
    last = max(known)
    if now - last <= limit:
        return None
    text = "Has not succeeded yet" if last == begin else f"Last succeeded {lasting(now - last)} ago"
    return _of(looked, "silent", f"{text}; expected within {lasting(limit)}", last)


def _of(
    looked: _Looked, what: What, text: str, since: datetime, run: UUID | None = None
) -> Trouble:
    row = looked.schedule
    return Trouble(what, row.name, text, since, in_words(row.kind), row.pk, run)


def _unserved(signs: list[SignOfLife], now: datetime) -> Iterator[Trouble]:
    """Yield queues with due work that no living worker serves."""
    workers = [sign for sign in signs if sign.name.startswith(WORKER) and alive(sign, now)]
    served = {queue for sign in workers for queue in sign.queues}
    for queue, oldest in due_queues().items():
        if queue not in served and now - oldest > UNSERVED_AFTER:
            waits = lasting(now - oldest)
            text = f"No worker serves the queue {queue}; its oldest work has waited {waits}"
            yield Trouble("unserved", queue, text, oldest)


def _beat(signs: list[SignOfLife], now: datetime) -> Iterator[Trouble]:
    """Yield that the clock is away; workers fire the schedules meanwhile, a little later."""
    seen = [sign for sign in signs if sign.name.startswith(BEAT)]
    if any(alive(sign, now) for sign in seen):
        return
    served = any(sign.name.startswith(WORKER) and alive(sign, now) for sign in signs)
    healed = "workers fire the schedules meanwhile" if served else "nobody fires the schedules"
    if seen:
        last = max(sign.seen_at for sign in seen)
        text = f"The clock (beat) was last seen {lasting(now - last)} ago; {healed}"
        yield Trouble("beat", "beat", text, last)
        return
    first = Schedule.objects.switched_on().order_by("created_at").first()
    if first is not None and now - first.created_at > dead_after(UNSERVED_AFTER):
        text = f"The clock (beat) was never seen; {healed}"
        yield Trouble("beat", "beat", text, first.created_at)
