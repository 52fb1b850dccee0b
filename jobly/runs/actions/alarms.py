"""Tell the staff once when something begins to be wrong, and once when it is over."""

from datetime import timedelta

from django.db import connection

from jobly.runs.events import AlarmEnded, AlarmRaised
from jobly.runs.models import Alarm, Schedule
from jobly.runs.reports.alarms import Standing, Trouble, standings, troubles
from jobly.runs.rules.streams import STAFF

from . import emit
from .outbox import transaction

LOOK = "SELECT pg_try_advisory_xact_lock(hashtext('jobly.runs.alarms'))"
NOTED_EVERY = timedelta(hours=1)  # a row that changes with each run would be written for nothing


def look() -> tuple[int, int]:
    """Compare what is wrong with what was told; return how many alarms were raised and ended.

    Anybody may look at any time; of several at once one does. Emits: AlarmRaised, AlarmEnded.
    """
    with transaction():
        with connection.cursor() as cursor:
            cursor.execute(LOOK)
            if not cursor.fetchone()[0]:
                return 0, 0
        rows = standings()
        _note_successes(rows)
        found = {trouble.key: trouble for trouble in troubles(rows)}
        told = {row.key: row for row in Alarm.objects.all()}
        new = [trouble for key, trouble in found.items() if key not in told]
        over = [row for key, row in told.items() if key not in found]
        _raise(new)
        _end(over)
        return len(new), len(over)


def _raise(new: list[Trouble]) -> None:
    rows = [Alarm(key=one.key, text=one.text[:300], since=one.since) for one in new]
    Alarm.objects.bulk_create(rows)
    for row in rows:
        fact = AlarmRaised(alarm=row.key, text=row.text, since=row.since.isoformat())
        emit(fact, streams=[STAFF])


def _end(over: list[Alarm]) -> None:
    Alarm.objects.filter(pk__in=[row.key for row in over]).delete()
    for row in over:
        emit(AlarmEnded(alarm=row.key, text=row.text), streams=[STAFF])


def _note_successes(rows: list[Standing]) -> None:
    """Remember when each schedule last succeeded: runs and slots are forgotten one day."""
    for one in rows:
        ends = [run.finished_at for run in one.runs if run.status == "succeeded"]
        last = max((at for at in ends if at is not None), default=None)
        known = one.schedule.succeeded_at
        if last is not None and (known is None or last - known > NOTED_EVERY):
            Schedule.objects.filter(pk=one.schedule.pk).update(succeeded_at=last)
