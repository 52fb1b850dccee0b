"""What operators do with schedules: change them, switch them, start one by hand."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models.functions import Now

from jobly.errors import Conflict, Rejected
from jobly.runs.events import ScheduleChanged
from jobly.runs.models import Run, Schedule
from jobly.runs.reports.schedules import last_runs
from jobly.runs.rules.clock import parse_clock, zone_named
from jobly.runs.rules.clock_words import span
from jobly.runs.rules.streams import STAFF
from jobly.users.models import User

from . import admission, emit, start
from .outbox import transaction
from .schedules import tell_beat

#: what may be changed, and the longest of what is a length of time
LONGEST = {
    "grace": timedelta(days=1),
    "long_after": timedelta(days=7),
    "silent_after": timedelta(days=400),
}
CHANGEABLE = frozenset({"clock", "timezone", "misfire", "overlap", "enabled", *LONGEST})
WHEN = frozenset({"clock", "timezone", "enabled"})
NOT_CHANGED = "the schedule was not changed."


@transaction
def change(schedule: Schedule, *, actor: User | None, **columns: Any) -> Schedule:
    """Change when a schedule is due, what becomes of its slots, its limits, or switch it.

    Due times up to this moment that were not fired do not count any more when clock, zone or
    switch changed. Emits: ScheduleChanged. Raises: Rejected with `fields`; nothing is changed.
    """
    row = Schedule.objects.select_for_update(no_key=True).get(pk=schedule.pk)
    new = {name: value for name, value in columns.items() if getattr(row, name) != value}
    wrong = objections(columns)
    if wrong:
        first = next(iter(wrong.values()))
        raise Rejected(
            f"{first}; {NOT_CHANGED}", fields={name: [text] for name, text in wrong.items()}
        )
    if not new:
        return row
    told = {name: [_text(getattr(row, name)), _text(value)] for name, value in new.items()}
    if WHEN & new.keys():
        new |= {"accounted_until": Now(), "watched_since": Now()}
    Schedule.objects.filter(pk=row.pk).update(**new)
    row.refresh_from_db()
    if WHEN & new.keys():
        tell_beat(row, parse_clock(row.clock))
    emit(ScheduleChanged(schedule=row.name, changes=told), actor=actor, streams=[STAFF])
    row.refresh_from_db()
    return row


def objections(columns: Mapping[str, Any]) -> dict[str, str]:
    """Say by name what is wrong with new values of columns; nothing if all will do."""
    found = {name: _objection(name, value) for name, value in columns.items()}
    return {name: text for name, text in found.items() if text}


def _objection(name: str, value: Any) -> str:
    """Say what is wrong with a new value; nothing if it will do."""
    try:
        if name == "clock":
            parse_clock(value)
        elif name == "timezone":
            zone_named(value)
    except ValueError as wrong:
        return str(wrong)
    if name not in CHANGEABLE:
        return f"{name} follows from the code and cannot be changed"
    choices = {"misfire": Schedule.Misfire.values, "overlap": Schedule.Overlap.values}
    if name in choices and value not in choices[name]:
        return f"{name} is one of {', '.join(choices[name])}"
    if name in LONGEST and value is not None and not timedelta(0) <= value <= LONGEST[name]:
        return f"{name.replace('_', ' ')} is a time of up to {span(LONGEST[name])}"
    return "a grace is needed, even if it is 0 s" if name == "grace" and value is None else ""


def _text(value: Any) -> str:
    if isinstance(value, timedelta):
        return span(value)
    return "" if value is None else str(value)


@transaction
def run_now(schedule: Schedule, *, actor: User | None) -> Run:
    """Start the work of a schedule at once; no slot is touched, the next one comes as planned.

    Emits: job.created. Raises: Conflict while a run of it goes on, unless its runs may overlap;
    TooMany, UnknownKind, WrongArguments. Nothing is started then.
    """
    row = Schedule.objects.select_for_update(no_key=True).get(pk=schedule.pk)
    runs = last_runs([row.pk])[row.pk]
    going_on = next((run for run in runs if run.finished_at is None), None)
    if going_on is not None and row.overlap != Schedule.Overlap.ALLOW:
        raise Conflict(
            f"A run of {row.name} is {going_on.status} and its runs may not overlap; "
            "nothing was started. Wait for it, or cancel it first.",
            run=str(going_on.id),
        )
    admission.admit(row.kind, stream=STAFF)
    run = start(row.kind, row.args, actor=actor, stream=STAFF)
    Schedule.objects.filter(pk=row.pk).update(by_hand=run)
    return run
