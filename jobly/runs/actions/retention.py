"""What the ledger forgets: events after seven days, slots of schedules after a month."""

from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models.functions import Now

from jobly.runs.models import ScheduleSlot

from . import loglines
from .outbox import transaction

EVENT_DAYS = 7
SLOT_DAYS = 30

# The stream's row is locked first, so no reader can see a floor above what is still there.
FORGET = """
    WITH floor AS (
        SELECT stream, max(seq) + 1 AS seq FROM runs_event
        WHERE at < statement_timestamp() - %(age)s GROUP BY stream
    ), risen AS (
        UPDATE runs_stream s SET min_seq = greatest(s.min_seq, floor.seq)
        FROM floor WHERE s.key = floor.stream
        RETURNING s.key, s.min_seq
    )
    DELETE FROM runs_event e USING risen WHERE e.stream = risen.key AND e.seq < risen.min_seq
"""


@transaction
def forget() -> dict[str, int]:
    """Delete old events and move their streams' floors up; return what went."""
    params: dict[str, Any] = {"age": timedelta(days=EVENT_DAYS)}
    with connection.cursor() as cursor:
        cursor.execute(FORGET, params)
        events = cursor.rowcount
    old = ScheduleSlot.objects.filter(slot__lt=Now() - timedelta(days=SLOT_DAYS))
    slots, _ = old.delete()
    return {"events": events, "slots": slots, "logs": loglines.forget()}
