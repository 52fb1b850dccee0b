"""What leaves the ledger: events after a week, slots after a month, finished runs after a season.

Events and slots are forgotten. Runs are archived first: their rows go into a file of JSON lines, so
that nothing is lost; the tables stay as small as the work of the last months.
"""

import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now

from jobly.artifacts.actions import store
from jobly.runs.models import Run, ScheduleSlot, Stream
from jobly.runs.rules.archive import EVENT_DAYS, SLOT_DAYS, first_number_at

from . import claims, loglines
from .crash import crashpoint
from .progress import Progress

GZIP = 31  # zlib's word for the gzip format
EVENTS_A_STEP = 5000  # their stream takes no new ones meanwhile
FAMILIES_A_STEP = 200

# Lower numbers of a stream are older events, so the oldest ones are at the start of its index.
OLD_EVENTS = """
    SELECT max(seq) FROM (
        SELECT seq, at FROM runs_event WHERE stream = %(stream)s ORDER BY seq LIMIT %(limit)s
    ) oldest WHERE at < statement_timestamp() - %(age)s
"""
FORGET = "DELETE FROM runs_event WHERE stream = %(stream)s AND seq <= %(floor)s"
# A run's number begins with the time it was made, so the oldest ones are at the start of the key.
FAMILIES = """
    SELECT root.id FROM runs_run root
    WHERE root.id < %(first_kept)s AND root.parent_id IS NULL AND root.finished_at < %(before)s
      AND NOT EXISTS (
        SELECT FROM runs_run part WHERE part.root_id = root.id AND part.parent_id IS NOT NULL
          AND (part.finished_at IS NULL OR part.finished_at >= %(before)s))
    ORDER BY root.id LIMIT %(limit)s
    FOR NO KEY UPDATE OF root SKIP LOCKED
"""
ROWS = "SELECT to_jsonb(r)::text FROM runs_run r WHERE r.id = ANY(%(ids)s) ORDER BY r.id"


def forget(progress: Progress) -> dict[str, int]:
    """Let go of what is past its time, in steps; return how many of each went."""
    counts = {"events": 0, "slots": 0, "logs": 0, "runs": 0}
    for stream in list(Stream.objects.order_by("pk").values_list("pk", flat=True)):
        progress.tell(step=f"Forgetting events of {stream}")
        while gone := _forget_events(progress, stream):
            counts["events"] += gone
    with progress.transaction():
        old = ScheduleSlot.objects.filter(slot__lt=Now() - timedelta(days=SLOT_DAYS))
        counts["slots"], _ = old.delete()
        counts["logs"] = loglines.forget()
    progress.tell(step="Archiving finished runs")
    before = claims.clock() - timedelta(days=settings.RUN_KEEP_DAYS)
    while gone := _archive(progress, before):
        counts["runs"] += gone
        progress.tell(done=counts["runs"])
    return counts


def _forget_events(progress: Progress, stream: str) -> int:
    """Delete some old events of a stream and move its floor up; return how many went."""
    params: dict[str, Any] = {"stream": stream, "limit": EVENTS_A_STEP}
    params["age"] = timedelta(days=EVENT_DAYS)
    with progress.transaction(), connection.cursor() as cursor:
        # the stream's row is locked first, so no reader sees a floor above what is still there
        Stream.objects.select_for_update().get(pk=stream)
        cursor.execute(OLD_EVENTS, params)
        (floor,) = cursor.fetchone()
        if floor is None:
            return 0
        Stream.objects.filter(pk=stream).update(min_seq=floor + 1)
        cursor.execute(FORGET, {"stream": stream, "floor": floor})
        return int(cursor.rowcount)


def _archive(progress: Progress, before: datetime) -> int:
    """Write some old families of runs into a file and delete their rows; return how many runs."""
    with progress.transaction(), connection.cursor() as cursor:
        params: dict[str, Any] = {"before": before, "first_kept": first_number_at(before)}
        cursor.execute(FAMILIES, params | {"limit": FAMILIES_A_STEP})
        roots: list[UUID] = [row[0] for row in cursor.fetchall()]
        if not roots:
            return 0
        family = Run.objects.of_families(roots)
        ids = list(family.order_by().values_list("pk", flat=True))
        cursor.execute(ROWS, {"ids": ids})
        lines = _packed(row[0] for row in cursor.fetchall())
        store(lines, kind="runs", name=f"runs-{roots[0]}.jsonl.gz", content_type="application/gzip")
        crashpoint("runs.mid_archive")
        family.delete()
        return len(ids)


def _packed(rows: Iterable[str]) -> Iterator[bytes]:
    """Pack one line a run; its columns are those of the table at that time."""
    packer = zlib.compressobj(wbits=GZIP)
    for row in rows:
        yield packer.compress(row.encode() + b"\n")
    yield packer.flush()
